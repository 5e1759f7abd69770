// SPDX-License-Identifier: Apache-2.0

import Bus
import PCI
import Synchronization

/// A function with one 32-bit and one 64-bit BAR and an MSI-X capability, put together from the room's parts.
final class RegisterFunction: PCIFunction {
    let window32: TestWindow
    let window64: TestWindow
    let msix: MSIXTable
    private let bars: [(bar: BAR, window: TestWindow)]
    private let decoder: MemoryDecoder
    private let capability: MSIXCapability
    private let initial: ConfigurationSpace
    private let space: Mutex<ConfigurationSpace>

    init(decoder: MemoryDecoder, router: any MessageRouter, vectors: Int, at address: UInt64) throws {
        let small = BAR(index: 0, minimumBytes: 0x1000, is64Bit: false)
        let large = BAR(index: 2, minimumBytes: 0x20000, is64Bit: true, isPrefetchable: true)
        msix = try MSIXTable(count: vectors, router: router)
        window32 = TestWindow(msix: nil)
        window64 = TestWindow(msix: msix)
        bars = [(small, window32), (large, window64)]
        self.decoder = decoder
        var space = ConfigurationSpace(
            Identity(
                vendor: 0x1234, device: 0x5678, revision: 9, classCode: 0x0108_02, subsystemVendor: 0xAAAA,
                subsystem: 0xBBBB))
        space.addBAR(small, address: address)
        space.addBAR(large, address: address + 0x20000)
        space.enableMemory()
        capability = MSIXCapability(
            table: msix, bar: large, tableOffset: 0, pendingOffset: TestWindow.pending, in: &space)
        initial = space
        self.space = Mutex(space)
        decode(space)
    }

    func readConfiguration(offset: Int, size: Int) -> UInt32 {
        space.withLock { $0.read(offset: offset, size: size) }
    }

    func writeConfiguration(offset: Int, size: Int, value: UInt32) {
        space.withLock { space in
            space.write(offset: offset, size: size, value: value)
            decode(space)
            capability.apply(space)
        }
    }

    func reset() {
        space.withLock { space in
            capability.reset()
            space = initial
            decode(space)
        }
    }

    private func decode(_ space: ConfigurationSpace) {
        for (bar, window) in bars {
            decoder.place(window, bytes: bar.bytes, at: space.decodesMemory ? space.address(of: bar) : nil)
        }
    }
}
