// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Linux
import Synchronization

extension Qcow2Image {
    /// What starts at `offset`, with the table read if need be.
    /// - Throws: `Errno`; EIO where a table makes no sense.
    func extent(at offset: UInt64, count: UInt64, forWriting: Bool) throws(Errno) -> Extent {
        try locked { () throws(Errno) in
            let slot = try slotLocked(of: offset >> geometry.sliceShift)
            _ = try entryLocked(slot, at: offset)
            // Beside an entry that makes no sense, one cluster at a time.
            let isPublished = cache.lookup.tag(slot) != 0
            let most = isPublished ? count : min(count, geometry.clusterBytes &- (offset & geometry.clusterMask))
            return cache.lookup.extent(slot, at: offset, count: most, forWriting: forWriting)
        }
    }

    /// Holds the lock.
    func locked<R: Sendable>(_ body: () throws(Errno) -> R) throws(Errno) -> R {
        let result: Result<R, Errno> = lock.withLock { _ in Result { () throws(Errno) in try body() } }
        return try result.get()
    }

    /// The entry of the cluster at `offset`, judged.
    /// - Throws: EIO where it makes no sense; the image is not written any more.
    func entryLocked(_ slot: Int, at offset: UInt64) throws(Errno) -> L2Entry {
        let mask = (UInt64(1) << geometry.sliceBits) &- 1
        let entry = cache.entry(slot, Int(truncatingIfNeeded: (offset >> geometry.clusterBits) & mask))
        if cache.lookup.tag(slot) != 0 { return entry }
        guard isSound(entry, cluster: offset >> geometry.clusterBits) else {
            markBrokenLocked()
            throw Errno(code: EIO, call: "qcow2 L2 entry")
        }
        return entry
    }

    /// The slot that holds a slice, read from the file if need be.
    func slotLocked(of slice: UInt64) throws(Errno) -> Int {
        if let slot = cache.slot(of: slice) { return slot }
        let perTable = geometry.tableBits &- geometry.sliceBits
        let index = slice >> perTable
        guard index < UInt64(l1.count) else { throw Errno(code: EIO, call: "qcow2 L1 table") }
        let slot: Int
        if let clean = cache.makeRoom(for: slice) {
            slot = clean
        } else {
            try storeLocked()
            guard let clean = cache.makeRoom(for: slice) else { throw Errno(code: EIO, call: "qcow2 cache") }
            slot = clean
        }
        let table = try tableLocked(Int(index))
        guard table != 0 else {
            unsafe cache.fill(slot, with: slice, from: nil, isSound: true)
            return slot
        }
        let within = (slice & ((1 << perTable) &- 1)) &* UInt64(geometry.sliceBytes)
        let bytes = try file.bytes(at: table &+ within, count: geometry.sliceBytes)
        // SAFETY: the array is a slice.
        unsafe bytes.withUnsafeBytes { p in
            guard let base = p.baseAddress else { return }
            let isSound = unsafe self.isSound(base, first: slice << geometry.sliceBits)
            unsafe cache.fill(slot, with: slice, from: base, isSound: isSound)
        }
        return slot
    }

    /// Where an L2 table starts; 0 where there is none.
    /// - Throws: EIO where its L1 entry makes no sense.
    func tableLocked(_ index: Int) throws(Errno) -> UInt64 {
        let entry = l1[index]
        let offset = entry & L2Entry.offsetMask
        guard offset & geometry.clusterMask == 0, offset < file.bytes || offset == 0,
            entry & ~(L2Entry.offsetMask | L2Entry.copied) == 0, offset != 0 || entry == 0
        else {
            markBrokenLocked()
            throw Errno(code: EIO, call: "qcow2 L1 entry")
        }
        return offset
    }

    private func isSound(_ bytes: UnsafeRawPointer, first: UInt64) -> Bool {
        let words = geometry.entryWords
        for index in 0..<geometry.sliceBytes / geometry.entryBytes {
            // SAFETY: the caller's bytes are a slice.
            let entry = unsafe L2Entry(
                word: BigEndian.word(bytes, index * words),
                bitmap: words == 2 ? BigEndian.word(bytes, index * 2 + 1) : 0)
            if entry != .unallocated, !isSound(entry, cluster: first &+ UInt64(index)) { return false }
        }
        return true
    }

    /// Whether an entry makes sense and names clusters that hold data.
    func isSound(_ entry: L2Entry, cluster: UInt64) -> Bool {
        guard entry.isWellFormed(geometry) else { return false }
        if entry.isCompressed {
            let range = entry.compressedRange(geometry)
            return range.offset < file.bytes && !isMetadata(range.offset >> geometry.clusterBits)
                && range.offset != 0
        }
        guard entry.hasHost(geometry) else { return true }
        if geometry.hasDataFile { return entry.host == cluster << geometry.clusterBits }
        return entry.host < file.bytes && !isMetadata(entry.host >> geometry.clusterBits)
    }

    private func isMetadata(_ cluster: UInt64) -> Bool { refcounts?.metadata.contains(cluster) == true }

    /// Writes nothing any more, and says so in the header where the version allows it.
    func markBrokenLocked() {
        guard !isReadOnly, !isBroken.exchange(true, ordering: .relaxed), header.version >= 3 else { return }
        header.incompatible |= Qcow2Feature.corrupt
        try? file.write(BigEndian.bytes(header.incompatible), at: 72)
        try? file.sync()
    }

    // MARK: Changing

    /// Makes the L2 table for a slice one that belongs to this disk alone.
    /// - Throws: `Errno`, such as ENOSPC.
    func ownTableLocked(_ index: Int) throws(Errno) {
        guard l1[index] & L2Entry.copied == 0 else { return }
        let old = try tableLocked(index)
        let (run, isFresh) = try allocateLocked(atMost: 1)
        let offset = run.lowerBound << geometry.clusterBits
        do throws(Errno) {
            if old != 0 {
                try file.write(try file.bytes(at: old, count: Int(geometry.clusterBytes)), at: offset)
            } else if !isFresh {
                try file.write([UInt8](repeating: 0, count: Int(geometry.clusterBytes)), at: offset)
            }
        } catch {
            _ = try? refcounts?.decrease(run.lowerBound)
            throw error
        }
        refcounts?.metadata.insert(run.lowerBound)
        l1[index] = offset | L2Entry.copied
        dirtyL1 = min(dirtyL1?.lowerBound ?? index, index)..<max(dirtyL1?.upperBound ?? 0, index + 1)
        needsStore.store(true, ordering: .releasing)
        if old != 0 {
            refcounts?.metadata.remove(old >> geometry.clusterBits)
            limbo.add((old >> geometry.clusterBits)..<(old >> geometry.clusterBits) + 1)
        }
    }

    /// Takes free clusters in a row; says whether they are known to read as zeros.
    /// - Throws: `Errno`; ENOSPC when a block device is full.
    func allocateLocked(atMost most: UInt64) throws(Errno) -> (Range<UInt64>, isFresh: Bool) {
        guard let refcounts, !isBroken.load(ordering: .relaxed) else { throw Errno(code: EIO, call: "qcow2") }
        reclaimLocked()
        let fresh = refcounts.freshFrom
        let run: Range<UInt64>
        do throws(Errno) { run = try refcounts.allocate(atMost: most) } catch {
            if error.code == EIO { markBrokenLocked() }
            throw error
        }
        let end = run.upperBound << geometry.clusterBits
        if end > file.bytes {
            do throws(Errno) {
                guard file.canGrow else { throw Errno(code: ENOSPC, call: "qcow2") }
                isGrown = true
                // In large steps: what is not written takes no room.
                try file.resize(to: (end &+ Self.growthBytes &- 1) / Self.growthBytes * Self.growthBytes)
            } catch {
                for cluster in run { _ = try? refcounts.decrease(cluster) }
                throw error
            }
        }
        return (run, run.lowerBound >= fresh)
    }

    private static var growthBytes: UInt64 { 16 << 20 }

    /// Gives clusters back that nobody can use any more.
    func reclaimLocked() {
        guard !limbo.isEmpty, let refcounts else { return }
        let oldest = engines.reduce(EngineEpochs.idle) { min($0, $1.oldest) }
        for run in limbo.take(oldest) {
            var start: UInt64?
            for cluster in run {
                if (try? refcounts.decrease(cluster)) == true {
                    start = start ?? cluster
                } else if let first = start {
                    punch(first..<cluster)
                    start = nil
                }
            }
            if let first = start { punch(first..<run.upperBound) }
        }
    }

    private func punch(_ run: Range<UInt64>) {
        file.punch(
            at: run.lowerBound << geometry.clusterBits,
            count: (run.upperBound &- run.lowerBound) << geometry.clusterBits)
    }
}
