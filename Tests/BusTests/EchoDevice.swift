// SPDX-License-Identifier: Apache-2.0

import Bus
import Synchronization

/// Answers with its number and the offset it was asked for; counts writes.
final class EchoDevice: BusDevice {
    let number: UInt64
    let writes = Mutex<[UInt64]>([])

    init(_ number: UInt64) { self.number = number }

    func read(offset: UInt64, size: Int) -> UInt64 { number << 32 | offset }

    func write(offset: UInt64, size: Int, value: UInt64) { writes.withLock { $0.append(offset << 32 | value) } }
}
