// SPDX-License-Identifier: Apache-2.0

import Devices
import Synchronization

/// Keeps what a serial port sends.
final class RecordedSink: ConsoleSink {
    private let bytes = Mutex<[UInt8]>([])
    private let rooms = Atomic<Int>(0)

    func transmit(_ byte: UInt8) { bytes.withLock { $0.append(byte) } }
    func inputHasRoom() { rooms.wrappingAdd(1, ordering: .relaxed) }

    /// The bytes since the last call.
    func take() -> [UInt8] {
        bytes.withLock { bytes in
            defer { bytes = [] }
            return bytes
        }
    }

    /// How often there was room again since the last call.
    func takeRooms() -> Int { rooms.exchange(0, ordering: .relaxed) }
}
