// SPDX-License-Identifier: Apache-2.0

/// A bounds-checked view of guest RAM, cheap to copy; the `GuestRAM` it came from must outlive it.
///
/// RAM is mapped with the guest's own hole in it, so a host pointer is `base + address` once the address is known to be
/// RAM. Nothing here traps on what a guest says.
@safe
public struct GuestMemory: @unchecked Sendable {
    // Visible to inlined callers only: the device's hot path must not pay a call for each descriptor.
    @usableFromInline let base: UnsafeMutableRawPointer
    @usableFromInline let lowEnd: UInt64
    @usableFromInline let highEnd: UInt64
    /// Pages written through this view, when somebody keeps track.
    public let dirty: DirtyBitmap?

    init(base: UnsafeMutableRawPointer, layout: RAMLayout, dirty: DirtyBitmap?) {
        unsafe self.base = base
        lowEnd = layout.lowEnd
        highEnd = layout.highEnd
        self.dirty = dirty
    }

    /// Where RAM lies.
    public var layout: RAMLayout { RAMLayout(bytes: lowEnd + (highEnd - PhysicalMap.highRAMStart)) }

    /// Whether every byte of the range is RAM; an empty range needs only its address to be in or just behind RAM.
    @inlinable
    @inline(__always)
    public func contains(_ at: GuestAddress, count: Int) -> Bool {
        guard count >= 0 else { return false }
        let end = at.rawValue &+ UInt64(count)
        guard end >= at.rawValue else { return false }
        return end <= lowEnd || (at.rawValue >= PhysicalMap.highRAMStart && end <= highEnd)
    }

    /// The host's address of a range of RAM, or nil when some byte of it is not RAM. Marks nothing dirty.
    @inlinable
    @inline(__always)
    public func pointer(_ at: GuestAddress, count: Int) -> UnsafeMutableRawPointer? {
        // SAFETY: `contains` keeps the range inside the mapping.
        contains(at, count: count) ? unsafe base + Int(at.rawValue) : nil
    }

    /// A host view of a range of RAM, to read from or to hand to the kernel. Marks nothing dirty.
    /// - Throws: `MemoryError.outOfBounds`.
    @inline(__always)
    public func bytes(at: GuestAddress, count: Int) throws(MemoryError) -> UnsafeMutableRawBufferPointer {
        guard let p = unsafe pointer(at, count: count) else {
            throw .outOfBounds(at, count: UInt64(truncatingIfNeeded: count))
        }
        return unsafe UnsafeMutableRawBufferPointer(start: p, count: count)
    }

    /// Reads one value, at any alignment; not atomic.
    /// - Throws: `MemoryError.outOfBounds`.
    @inline(__always)
    public func read<T: BitwiseCopyable>(_: T.Type = T.self, at: GuestAddress) throws(MemoryError) -> T {
        try unsafe bytes(at: at, count: MemoryLayout<T>.size).loadUnaligned(as: T.self)
    }

    /// Writes one value, at any alignment, and marks it dirty; not atomic.
    /// - Throws: `MemoryError.outOfBounds`.
    @inline(__always)
    public func write<T: BitwiseCopyable>(_ value: T, at: GuestAddress) throws(MemoryError) {
        unsafe try bytes(at: at, count: MemoryLayout<T>.size).storeBytes(of: value, as: T.self)
        markDirty(at, count: MemoryLayout<T>.size)
    }

    /// Copies bytes into the guest and marks them dirty.
    /// - Throws: `MemoryError.outOfBounds`.
    public func write(_ bytes: UnsafeRawBufferPointer, at: GuestAddress) throws(MemoryError) {
        unsafe try self.bytes(at: at, count: bytes.count).copyMemory(from: bytes)
        markDirty(at, count: bytes.count)
    }

    /// Copies bytes into the guest and marks them dirty.
    /// - Throws: `MemoryError.outOfBounds`.
    public func write(_ bytes: [UInt8], at: GuestAddress) throws(MemoryError) {
        let target = try unsafe self.bytes(at: at, count: bytes.count)
        unsafe bytes.withUnsafeBytes { unsafe target.copyMemory(from: $0) }
        markDirty(at, count: bytes.count)
    }

    /// Copies bytes out of the guest.
    /// - Throws: `MemoryError.outOfBounds`.
    public func read(at: GuestAddress, count: Int) throws(MemoryError) -> [UInt8] {
        unsafe [UInt8](try bytes(at: at, count: count))
    }

    /// Fills a range with zeros and marks it dirty.
    /// - Throws: `MemoryError.outOfBounds`.
    public func clear(at: GuestAddress, count: Int) throws(MemoryError) {
        let target = try unsafe bytes(at: at, count: count)
        _ = unsafe target.initializeMemory(as: UInt8.self, repeating: 0)
        markDirty(at, count: count)
    }

    /// Notes that the host wrote this range by other means, such as a system call.
    @inlinable
    @inline(__always)
    public func markDirty(_ at: GuestAddress, count: Int) {
        if let dirty { dirty.mark(at, count: count) }
    }

    /// The guest address of a host pointer that came from this view.
    @inlinable
    @inline(__always)
    public func address(of pointer: UnsafeRawPointer) -> GuestAddress {
        GuestAddress(UInt64(truncatingIfNeeded: unsafe pointer - UnsafeRawPointer(base)))
    }
}
