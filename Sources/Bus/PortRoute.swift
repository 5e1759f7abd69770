// SPDX-License-Identifier: Apache-2.0

/// One device in the chain of those that may answer a port.
///
/// A chain of constants, walked by tail calls, rather than an array: nothing on it can change hands, so that no access
/// retains and releases the device it reaches.
@usableFromInline
final class PortRoute: Sendable {
    private let start: UInt64
    private let count: UInt64
    private let device: any BusDevice
    private let next: PortRoute?

    init(_ range: BusRange, next: PortRoute?) {
        start = range.start
        count = range.count
        device = range.device
        self.next = next
    }

    @usableFromInline
    func read(port: UInt64, size: Int) -> UInt64 {
        let offset = port &- start
        if offset < count, UInt64(truncatingIfNeeded: size) <= count &- offset {
            return device.read(offset: offset, size: size)
        }
        return next?.read(port: port, size: size) ?? .max
    }

    @usableFromInline
    func write(port: UInt64, size: Int, value: UInt64) {
        let offset = port &- start
        if offset < count, UInt64(truncatingIfNeeded: size) <= count &- offset {
            return device.write(offset: offset, size: size, value: value)
        }
        next?.write(port: port, size: size, value: value)
    }
}
