// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Reads the L2 entries that are in memory without a lock; others change them meanwhile.
///
/// The memory is a set-associative cache of slices. A slot's tag names the slice whose well-formed entries it holds and
/// is 0 while that changes; its version is odd while an entry of two words changes and is another after every change of
/// that kind. A reader takes version and tag (acquire), the entries (acquire), and then finds the version as it was:
/// all it has read was true at one moment. Pairs with the releases in `L2Cache`.
@safe
struct L2Lookup: @unchecked Sendable {
    static let ways = 8

    let geometry: Qcow2Geometry
    let setMask: UInt64
    let slots: Int
    let wordsPerSlice: Int
    private let tags: UnsafeMutablePointer<Atomic<UInt64>>
    private let versions: UnsafeMutablePointer<Atomic<UInt32>>
    // Set by readers, cleared by the clock that looks for a slot to give up.
    private let marks: UnsafeMutablePointer<Atomic<UInt8>>
    private let words: UnsafeMutablePointer<Atomic<UInt64>>

    /// Bytes of memory for so many slots.
    static func bytes(slots: Int, _ geometry: Qcow2Geometry) -> Int { slots * (geometry.sliceBytes + 16) }

    /// A view of zeroed memory that outlives it, `bytes(slots:)` long; `slots` is a power of two and at least `ways`.
    @unsafe
    init(memory: UnsafeMutableRawPointer, slots: Int, geometry: Qcow2Geometry) {
        self.geometry = geometry
        self.slots = slots
        setMask = UInt64(slots / Self.ways) &- 1
        wordsPerSlice = geometry.sliceBytes / 8
        // SAFETY: atomics have the layout of what they hold; the parts follow each other, the most aligned first.
        unsafe words = memory.assumingMemoryBound(to: Atomic<UInt64>.self)
        let behind = unsafe memory + slots * geometry.sliceBytes
        unsafe tags = behind.assumingMemoryBound(to: Atomic<UInt64>.self)
        unsafe versions = (behind + slots * 8).assumingMemoryBound(to: Atomic<UInt32>.self)
        unsafe marks = (behind + slots * 12).assumingMemoryBound(to: Atomic<UInt8>.self)
    }

    // SAFETY (all below): slot numbers are below `slots`, word numbers below `wordsPerSlice`.

    @inline(__always)
    func tag(_ slot: Int) -> UInt64 { unsafe tags[slot].load(ordering: .acquiring) }
    @inline(__always)
    func version(_ slot: Int) -> UInt32 { unsafe versions[slot].load(ordering: .acquiring) }
    @inline(__always)
    func word(_ slot: Int, _ index: Int) -> UInt64 {
        unsafe words[slot &* wordsPerSlice &+ index].load(ordering: .acquiring)
    }
    @inline(__always)
    func mark(_ slot: Int) {
        if unsafe marks[slot].load(ordering: .relaxed) == 0 { unsafe marks[slot].store(1, ordering: .relaxed) }
    }

    func setTag(_ slot: Int, _ tag: UInt64) { unsafe tags[slot].store(tag, ordering: .releasing) }
    func setWord(_ slot: Int, _ index: Int, _ word: UInt64) {
        unsafe words[slot &* wordsPerSlice &+ index].store(word, ordering: .releasing)
    }
    func advanceVersion(_ slot: Int) {
        unsafe versions[slot].wrappingAdd(1, ordering: .acquiringAndReleasing)
    }
    /// Whether nobody has read the slot since this was last asked.
    func isIdle(_ slot: Int) -> Bool { unsafe marks[slot].exchange(0, ordering: .relaxed) == 0 }

    /// The entry at this place of a slot, by somebody who holds the lock.
    @inline(__always)
    func entry(_ slot: Int, _ index: Int) -> L2Entry {
        geometry.isExtended
            ? L2Entry(word: word(slot, index &* 2), bitmap: word(slot, index &* 2 &+ 1))
            : L2Entry(word: word(slot, index))
    }

    /// What starts at `offset`, up to `count` bytes (at least 1) and up to the end of the slice; `unknown` when that is
    /// not in memory. For writing, data are only what is stored and belongs to nobody else.
    @inline(__always)
    func extent(at offset: UInt64, count: UInt64, forWriting: Bool) -> Extent {
        let slice = offset >> geometry.sliceShift
        let first = Int(truncatingIfNeeded: slice & setMask) &* Self.ways
        for slot in first..<first &+ Self.ways {
            let version = self.version(slot)
            guard tag(slot) == slice &+ 1, version & 1 == 0 else { continue }
            let extent = self.extent(slot, at: offset, count: count, forWriting: forWriting)
            guard self.version(slot) == version else { return .unknown }
            mark(slot)
            return extent
        }
        return .unknown
    }

    /// The same for a slot that is known to hold the slice.
    @inline(__always)
    func extent(_ slot: Int, at offset: UInt64, count: UInt64, forWriting: Bool) -> Extent {
        let mask = (UInt64(1) << geometry.sliceBits) &- 1
        var index = (offset >> geometry.clusterBits) & mask
        let within = offset & geometry.clusterMask
        let wanted = min(count, ((mask &+ 1 &- index) << geometry.clusterBits) &- within)
        var (kind, host, end) = piece(
            entry(slot, Int(truncatingIfNeeded: index)), from: within, forWriting: forWriting)
        let start = host
        var done = end &- within
        // One compressed cluster at a time: each is a block of its own.
        while done < wanted, kind != .compressed, kind != .invalid {
            if end == geometry.clusterBytes {
                index &+= 1
                end = 0
            }
            let from = end
            let next = piece(entry(slot, Int(truncatingIfNeeded: index)), from: from, forWriting: forWriting)
            guard next.kind == kind, kind != .data || next.host == start &+ done else { break }
            (kind, host, end) = next
            done &+= end &- from
        }
        return Extent(kind: kind, count: min(done, wanted), host: start)
    }

    /// What starts at `from` within a cluster, and where that ends.
    @inline(__always)
    private func piece(
        _ entry: L2Entry, from: UInt64, forWriting: Bool
    ) -> (kind: ExtentKind, host: UInt64, end: UInt64) {
        let unit = geometry.isExtended ? from >> geometry.unitBits : 0
        let end = geometry.isExtended ? (unit &+ 1) << geometry.unitBits : geometry.clusterBytes
        let kind = entry.kind(unit, geometry)
        switch kind {
        case .data:
            if forWriting, !entry.isCopied { return (.unallocated, 0, end) }
            return (.data, entry.host &+ from, end)
        case .compressed: return (kind, entry.word, geometry.clusterBytes)
        default: return (kind, 0, end)
        }
    }
}
