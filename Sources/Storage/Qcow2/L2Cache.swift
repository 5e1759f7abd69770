// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Linux

/// The slices of L2 tables that are in memory; every change is made by the holder of the image's lock.
final class L2Cache: @unchecked Sendable {
    /// For readers without the lock; valid as long as this object lives.
    let lookup: L2Lookup
    private let memory: Mapping
    // Slice number and 1 a slot, whether its entries make sense or not; 0 for an empty slot.
    private var keys: [UInt64]
    private var isDirty: [Bool]
    private var hands: [UInt8]
    /// Slots that differ from the file.
    private(set) var dirty: [Int] = []

    /// A cache of at most `bytes`, and of no more than a disk of that size needs.
    /// - Throws: `Errno` of `mmap`.
    init(_ geometry: Qcow2Geometry, size: UInt64, bytes: Int) throws(Errno) {
        let slices = (size >> geometry.sliceShift) &+ 1
        var slots = L2Lookup.ways
        while UInt64(slots) < slices, slots * 2 * geometry.sliceBytes <= bytes { slots *= 2 }
        let memory = try Mapping(
            count: L2Lookup.bytes(slots: slots, geometry), protection: PROT_READ | PROT_WRITE,
            flags: MAP_PRIVATE | MAP_ANONYMOUS)
        lookup = unsafe L2Lookup(memory: memory.base, slots: slots, geometry: geometry)
        self.memory = memory
        keys = Array(repeating: 0, count: slots)
        isDirty = Array(repeating: false, count: slots)
        hands = Array(repeating: 0, count: slots / L2Lookup.ways)
    }

    /// The slot of a slice.
    func slot(of slice: UInt64) -> Int? {
        let first = Int(truncatingIfNeeded: slice & lookup.setMask) * L2Lookup.ways
        for slot in first..<first + L2Lookup.ways where keys[slot] == slice &+ 1 {
            lookup.mark(slot)
            return slot
        }
        return nil
    }

    /// The slice that a slot holds.
    func slice(in slot: Int) -> UInt64 { keys[slot] &- 1 }

    /// A slot for a slice that is not in memory, emptied; nil when all that could be given up are dirty.
    func makeRoom(for slice: UInt64) -> Int? {
        let set = Int(truncatingIfNeeded: slice & lookup.setMask)
        var clean: Int?
        for _ in 0..<2 * L2Lookup.ways {
            let slot = set * L2Lookup.ways + Int(hands[set])
            hands[set] = (hands[set] + 1) % UInt8(L2Lookup.ways)
            if isDirty[slot] { continue }
            clean = slot
            if keys[slot] == 0 || lookup.isIdle(slot) { break }
        }
        if let clean { empty(clean) }
        return clean
    }

    /// Forgets a clean slot's slice.
    private func empty(_ slot: Int) {
        lookup.setTag(slot, 0)
        lookup.advanceVersion(slot)
        keys[slot] = 0
        lookup.advanceVersion(slot)
    }

    /// Fills an emptied slot from the bytes of a slice, nil for zeros. Only entries that make sense are published.
    func fill(_ slot: Int, with slice: UInt64, from bytes: UnsafeRawPointer?, isSound: Bool) {
        lookup.advanceVersion(slot)
        for index in 0..<lookup.wordsPerSlice {
            // SAFETY: the caller's bytes are a slice.
            lookup.setWord(slot, index, unsafe bytes.map { unsafe BigEndian.word($0, index) } ?? 0)
        }
        keys[slot] = slice &+ 1
        lookup.advanceVersion(slot)
        if isSound { lookup.setTag(slot, slice &+ 1) }
        lookup.mark(slot)
    }

    /// The entry of a cluster within a slot.
    func entry(_ slot: Int, _ index: Int) -> L2Entry { lookup.entry(slot, index) }

    /// Changes an entry; it reaches the file with the next `store`.
    func set(_ slot: Int, _ index: Int, _ entry: L2Entry) {
        if lookup.geometry.isExtended {
            lookup.advanceVersion(slot)
            lookup.setWord(slot, index * 2, entry.word)
            lookup.setWord(slot, index * 2 + 1, entry.bitmap)
            lookup.advanceVersion(slot)
        } else {
            lookup.setWord(slot, index, entry.word)
        }
        if !isDirty[slot] {
            isDirty[slot] = true
            dirty.append(slot)
        }
    }

    /// Puts a slot's bytes, as the file has them, into a buffer of a slice's size.
    func encode(_ slot: Int, into target: UnsafeMutableRawPointer) {
        for index in 0..<lookup.wordsPerSlice {
            // SAFETY: the caller's buffer holds a slice.
            unsafe BigEndian.store(lookup.word(slot, index), target, index)
        }
    }

    /// The file has what the dirty slots hold.
    func markClean() {
        for slot in dirty { isDirty[slot] = false }
        dirty.removeAll(keepingCapacity: true)
    }

    /// Forgets everything; nothing may be dirty.
    func removeAll() {
        for slot in keys.indices where keys[slot] != 0 { empty(slot) }
    }
}
