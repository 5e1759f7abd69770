// SPDX-License-Identifier: Apache-2.0

import Bus
import PCI
import Synchronization

/// A BAR's contents that know where they are: reads give the offset, or the vector table when there is one.
final class TestWindow: MemoryWindow {
    static let pending: UInt32 = 0x10000
    private let msix: MSIXTable?
    private let places = Mutex<[UInt64]>([])

    init(msix: MSIXTable?) { self.msix = msix }

    /// Where it has been told that it answers; more than one would be a mistake of the decoder.
    var addresses: [UInt64] { places.withLock { $0 } }

    func read(offset: UInt64, size: Int) -> UInt64 {
        guard let msix else { return offset }
        return offset < TestWindow.pending
            ? msix.readTable(offset: offset, size: size)
            : msix.readPending(offset: offset - UInt64(TestWindow.pending), size: size)
    }

    func write(offset: UInt64, size: Int, value: UInt64) {
        if offset < TestWindow.pending { msix?.writeTable(offset: offset, size: size, value: value) }
    }

    func placed(at address: UInt64) { places.withLock { $0.append(address) } }

    func removed(from address: UInt64) { places.withLock { places in places.removeAll { $0 == address } } }
}
