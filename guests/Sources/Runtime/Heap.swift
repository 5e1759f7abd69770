// SPDX-License-Identifier: Apache-2.0

import Hardware

/// The heap behind Swift's allocations and `Physical.allocate`: power-of-two blocks with free lists, fed by a bump pointer.
enum Heap {
    private static let header = 16
    nonisolated(unsafe) private static var lock = SpinLock()
    nonisolated(unsafe) private static var next: UInt64 = 0
    nonisolated(unsafe) private(set) static var end: UInt64 = 0
    nonisolated(unsafe) private static var free = InlineArray<48, UInt64>(repeating: 0)

    static func start(from: UInt64, to: UInt64) {
        next = from
        end = to
    }

    /// Moves the end up once the memory map is known.
    static func extend(to: UInt64) {
        if to > end { end = to }
    }

    /// Blocks of 16-byte alignment are recycled by `release`; larger alignments are for good.
    static func allocate(bytes: Int, alignment: Int) -> UnsafeMutableRawPointer? {
        lock.acquire()
        defer { lock.release() }
        let order = Int.bitWidth - (max(bytes, 16) + header - 1).leadingZeroBitCount
        guard order < 48 else { return nil }
        if alignment <= header {
            let recycled = free[order]
            if recycled != 0 {
                free[order] = hw_load64(recycled)
                return Physical.pointer(recycled)
            }
            guard let start = take(bytes: UInt64(1) << UInt64(order), alignment: UInt64(header)) else { return nil }
            hw_store64(start, UInt64(order))
            return Physical.pointer(start + UInt64(header))
        }
        guard let start = take(bytes: UInt64(bytes + alignment), alignment: UInt64(alignment)) else { return nil }
        let block = start + UInt64(alignment)
        hw_store64(block - UInt64(header), 0)
        return Physical.pointer(block)
    }

    static func release(_ block: UnsafeMutableRawPointer?) {
        guard let block else { return }
        let address = UInt64(UInt(bitPattern: block))
        let order = Int(hw_load64(address - UInt64(header)))
        guard order != 0 else { return }
        lock.acquire()
        hw_store64(address, free[order])
        free[order] = address
        lock.release()
    }

    private static func take(bytes: UInt64, alignment: UInt64) -> UInt64? {
        let start = (next + alignment - 1) & ~(alignment - 1)
        guard start + bytes <= end else { return nil }
        next = start + bytes
        return start
    }
}

@c(posix_memalign)
func runtimeAllocate(
    _ out: UnsafeMutablePointer<UnsafeMutableRawPointer?>?, _ alignment: UInt, _ bytes: UInt
) -> Int32 {
    guard let block = Heap.allocate(bytes: Int(bytes), alignment: Int(alignment)) else { return 12 }
    out?.pointee = block
    return 0
}

@c(guest_release)
func runtimeRelease(_ block: UnsafeMutableRawPointer?) {
    Heap.release(block)
}
