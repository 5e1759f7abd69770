// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Memory-mapped registers: devices come, go and move while vCPUs run, as the guest programs its PCI BARs.
///
/// Addresses nobody answers read as all ones and swallow writes. Queue doorbells do not come this way: they are
/// ioeventfds and end in the kernel.
public final class MemoryBus: Sendable {
    private let ranges = Mutex<[BusRange]>([])

    /// An empty bus.
    public init() {}

    /// Places a device; returns false and changes nothing when the range is empty, wraps or overlaps another.
    @discardableResult
    public func insert(_ new: BusRange) -> Bool {
        guard new.count > 0, new.start <= UInt64.max - (new.count - 1) else { return false }
        return ranges.withLock { all in
            guard !all.contains(where: { $0.overlaps(start: new.start, count: new.count) }) else { return false }
            all.append(new)
            return true
        }
    }

    /// Takes the range that starts at `start` and belongs to `device` off the bus.
    public func remove(start: UInt64, device: any BusDevice) {
        ranges.withLock { all in all.removeAll { $0.start == start && $0.device === device } }
    }

    /// Takes everything off the bus; devices that hold the bus can be freed then.
    public func removeAll() { ranges.withLock { $0 = [] } }

    /// Reads `size` (1 to 8) bytes.
    public func read(address: UInt64, size: Int) -> UInt64 {
        guard let (device, offset) = find(address, size: size) else { return .max }
        return device.read(offset: offset, size: size)
    }

    /// Writes `size` (1 to 8) bytes.
    public func write(address: UInt64, size: Int, value: UInt64) {
        guard let (device, offset) = find(address, size: size) else { return }
        device.write(offset: offset, size: size, value: value)
    }

    // The device answers outside the lock: it may move itself on this very bus.
    private func find(_ address: UInt64, size: Int) -> (any BusDevice, UInt64)? {
        ranges.withLock { all in
            for range in all where range.covers(address, size: size) { return (range.device, address &- range.start) }
            return nil
        }
    }
}
