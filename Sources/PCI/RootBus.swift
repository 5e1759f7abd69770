// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Bus 0 of the machine: up to 32 devices of 8 functions.
///
/// Absent functions, and all other buses, read as all ones and swallow writes.
public final class RootBus: Sendable {
    private let slots = Mutex([(any PCIFunction)?](repeating: nil, count: 256))

    /// An empty bus.
    public init() {}

    /// Places a function; false when its place is taken.
    public func insert(_ function: any PCIFunction, at address: FunctionAddress) -> Bool {
        slots.withLock { slots in
            guard slots[address.index] == nil else { return false }
            slots[address.index] = function
            return true
        }
    }

    /// The function at an address.
    public func function(at address: FunctionAddress) -> (any PCIFunction)? {
        slots.withLock { $0[address.index] }
    }

    /// Which functions are there, in rising order.
    public var functions: [(FunctionAddress, any PCIFunction)] {
        slots.withLock { slots in
            slots.enumerated().compactMap { i, function in function.map { (FunctionAddress(index: i), $0) } }
        }
    }

    /// Resets every function; no vCPU runs meanwhile.
    public func reset() {
        for (_, function) in functions { function.reset() }
    }

    /// Reads up to 8 bytes at an offset into the memory-mapped layout: bus << 20 | device << 15 | function << 12.
    func read(offset: UInt64, size: Int) -> UInt64 {
        var value: UInt64 = 0
        RootBus.split(offset, size) { at, shift, count in
            let piece = target(at)?.readConfiguration(offset: Int(at & 0xFFF), size: count) ?? .max
            value |= (UInt64(piece) & ((1 << UInt64(8 * count)) - 1)) << shift
        }
        return value
    }

    /// Writes up to 8 bytes at an offset into the memory-mapped layout.
    func write(offset: UInt64, size: Int, value: UInt64) {
        RootBus.split(offset, size) { at, shift, count in
            let piece = UInt32(truncatingIfNeeded: value >> shift) & UInt32((UInt64(1) << UInt64(8 * count)) - 1)
            target(at)?.writeConfiguration(offset: Int(at & 0xFFF), size: count, value: piece)
        }
    }

    private func target(_ offset: UInt64) -> (any PCIFunction)? {
        // The device is called outside the lock: it may take its own and wait.
        guard offset >> 20 == 0 else { return nil }
        return slots.withLock { $0[Int(offset >> 12 & 0xFF)] }
    }

    // Pieces of 1, 2 or 4 bytes, each aligned to its size, so that none crosses a doubleword.
    private static func split(_ offset: UInt64, _ size: Int, _ body: (UInt64, _ shift: UInt64, _ count: Int) -> Void) {
        var done = 0
        while done < min(max(size, 0), 8) {
            let at = offset &+ UInt64(done)
            var count = 4
            while count > size - done || at & UInt64(count - 1) != 0 { count >>= 1 }
            body(at, UInt64(8 * done), count)
            done += count
        }
    }
}
