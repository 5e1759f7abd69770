// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Linux
import Synchronization

extension Qcow2Image {
    /// Finds or makes room for a write.
    /// - Parameter engine: is woken when a `wait` is over.
    /// - Throws: `Errno`, such as ENOSPC; EIO for an image whose tables make no sense.
    func plan(at offset: UInt64, count: UInt64, for engine: EngineEpochs) throws(Errno) -> WritePlan {
        try locked { () throws(Errno) in
            guard !isReadOnly else { throw Errno(code: EROFS, call: "qcow2") }
            guard !isBroken.load(ordering: .relaxed) else { throw Errno(code: EIO, call: "qcow2") }
            let first = offset >> geometry.clusterBits
            var last = (offset &+ count &- 1) >> geometry.clusterBits
            for other in pending where other.overlaps(first, last) {
                if other.overlaps(first, first) { return .wait(waitLocked(engine)) }
                last = min(last, other.cluster &- 1)
            }
            // One slice at a time, so that one slot is enough to link.
            let slice = first >> geometry.sliceBits
            last = min(last, ((slice &+ 1) << geometry.sliceBits) &- 1)
            let end = min(offset &+ count, (last &+ 1) << geometry.clusterBits)
            if limbo.isCrowded { try storeLocked() }
            try ownTableLocked(Int(slice >> (geometry.tableBits &- geometry.sliceBits)))
            let slot = try slotLocked(of: slice)
            let entry = try entryLocked(slot, at: offset)
            // Beside an entry that makes no sense, one cluster at a time.
            let judged = cache.lookup.tag(slot) != 0 ? end : min(end, (first &+ 1) << geometry.clusterBits)
            let inPlace = cache.lookup.extent(slot, at: offset, count: judged &- offset, forWriting: true)
            if inPlace.kind == .data {
                return .inPlace(host: inPlace.host, count: inPlace.count)
            }
            let write =
                entry.isCopied && !entry.isCompressed && entry.hasHost(geometry)
                ? reuse(entry, offset..<end) : try renew(slot, offset..<end)
            let stop = min(end, (write.cluster &+ write.count) << geometry.clusterBits)
            pending.append(write)
            return .allocate(write, count: stop &- offset)
        }
    }

    /// Notes that an engine has an operation that waits for a pending write; returns what `links` is until then.
    func waitLocked(_ engine: EngineEpochs) -> UInt32 {
        engine.isWaiting = true
        return links.value
    }

    /// A write to a cluster that the entry has, but says is zeros or not stored.
    private func reuse(_ entry: L2Entry, _ range: Range<UInt64>) -> PendingWrite {
        let cluster = range.lowerBound >> geometry.clusterBits
        let start = cluster << geometry.clusterBits
        let end = min(range.upperBound, start &+ geometry.clusterBytes)
        var stored = start..<start &+ geometry.clusterBytes
        if geometry.isExtended {
            let units = self.units(range.lowerBound..<end)
            // A unit that is stored already needs no filling.
            let head =
                entry.kind(units.lowerBound, geometry) == .data
                ? range.lowerBound : start &+ units.lowerBound << geometry.unitBits
            let tail =
                entry.kind(units.upperBound &- 1, geometry) == .data
                ? end : start &+ units.upperBound << geometry.unitBits
            stored = head..<tail
        }
        return PendingWrite(
            cluster: cluster, count: 1, host: entry.host, isNew: false, isFresh: false, stored: stored,
            keepsOthers: true)
    }

    /// A write to new clusters: as many in a row as need them.
    private func renew(_ slot: Int, _ range: Range<UInt64>) throws(Errno) -> PendingWrite {
        let first = range.lowerBound >> geometry.clusterBits
        let last = (range.upperBound &- 1) >> geometry.clusterBits
        var end = first
        var keepsOthers = geometry.isExtended
        while end <= last {
            let entry = try entryLocked(slot, at: end << geometry.clusterBits)
            if entry.isCopied, !entry.isCompressed, entry.hasHost(geometry) { break }
            // Of a cluster that others use, or that is compressed, all is copied.
            let hasOthers = entry.isCompressed || entry.stored != 0
            if geometry.isExtended, end > first, hasOthers == keepsOthers { break }
            if hasOthers { keepsOthers = false }
            end &+= 1
        }
        var stored = first << geometry.clusterBits..<end << geometry.clusterBits
        var host = stored.lowerBound
        var isFresh = false
        if geometry.hasDataFile {
            guard let dataFile else { throw Errno(code: EIO, call: "qcow2") }
            // The data file ends where the disk does.
            let size = (self.size.load(ordering: .relaxed) &+ 511) & ~511
            stored = stored.lowerBound..<min(stored.upperBound, size)
            if dataFile.bytes < stored.upperBound {
                isFresh = dataFile.canGrow && dataFile.bytes <= stored.lowerBound
                try dataFile.resize(to: stored.upperBound)
            }
        } else {
            let (run, fresh) = try allocateLocked(atMost: end &- first)
            host = run.lowerBound << geometry.clusterBits
            isFresh = fresh
            end = first &+ (run.upperBound &- run.lowerBound)
            stored = stored.lowerBound..<end << geometry.clusterBits
        }
        if keepsOthers {
            let stop = min(range.upperBound, stored.upperBound)
            let mask = geometry.unitBytes &- 1
            stored = range.lowerBound & ~mask..<(stop &+ mask) & ~mask
        }
        return PendingWrite(
            cluster: first, count: end &- first, host: host, isNew: true, isFresh: isFresh, stored: stored,
            keepsOthers: keepsOthers)
    }

    /// The units of its first cluster that a range touches.
    private func units(_ range: Range<UInt64>) -> Range<UInt64> {
        let start = range.lowerBound & geometry.clusterMask
        let end = start &+ (range.upperBound &- range.lowerBound)
        return start >> geometry.unitBits..<(end &+ geometry.unitBytes &- 1) >> geometry.unitBits
    }

    /// Has the tables name what was written, and lets those go on who waited.
    /// - Throws: `Errno`; the write has then not happened.
    func link(_ write: PendingWrite) throws(Errno) {
        try locked { () throws(Errno) in
            defer { endLocked(write) }
            do throws(Errno) {
                let slice = write.cluster >> geometry.sliceBits
                let slot = try slotLocked(of: slice)
                // Before the entries, so that whoever sees one also sees that it is not in the file. Nothing below
                // fails: all clusters of the write are linked or none is.
                needsStore.store(true, ordering: .releasing)
                for index in 0..<write.count {
                    let cluster = write.cluster &+ index
                    let place = Int(truncatingIfNeeded: cluster & ((1 << geometry.sliceBits) &- 1))
                    let old = cache.entry(slot, place)
                    let host = write.host &+ index << geometry.clusterBits
                    var new = L2Entry(word: host | L2Entry.copied)
                    if geometry.isExtended { new.bitmap = bitmap(of: old, write, cluster) }
                    cache.set(slot, place, new)
                    if write.isNew { releaseLocked(old) }
                }
            } catch {
                undoLocked(write)
                throw error
            }
        }
    }

    private func bitmap(of old: L2Entry, _ write: PendingWrite, _ cluster: UInt64) -> UInt64 {
        let start = cluster << geometry.clusterBits
        let part = write.stored.clamped(to: start..<start &+ geometry.clusterBytes)
        let units = units(part)
        let mask = (UInt64(1) << (units.upperBound &- units.lowerBound)) &- 1
        let stored = mask << units.lowerBound
        let kept = write.keepsOthers && !old.isCompressed ? old.bitmap : 0
        return (kept | stored) & ~(stored << 32)
    }

    /// A cluster's entry is no longer its own: what it named has one user fewer.
    func releaseLocked(_ old: L2Entry) {
        guard !geometry.hasDataFile else { return }
        if old.isCompressed {
            let range = old.compressedRange(geometry)
            let first = range.offset >> geometry.clusterBits
            let last = (range.offset &+ range.count &- 1) >> geometry.clusterBits
            limbo.add(first..<last &+ 1)
        } else if old.host != 0 {
            let cluster = old.host >> geometry.clusterBits
            limbo.add(cluster..<cluster &+ 1)
        }
    }

    /// Gives up a write that failed.
    func abandon(_ write: PendingWrite) {
        lock.withLock { _ in
            undoLocked(write)
            endLocked(write)
        }
    }

    private func undoLocked(_ write: PendingWrite) {
        guard write.isNew, !geometry.hasDataFile, let refcounts else { return }
        let first = write.host >> geometry.clusterBits
        for cluster in first..<first &+ write.count { _ = try? refcounts.decrease(cluster) }
    }

    private func endLocked(_ write: PendingWrite) {
        pending.removeAll { $0 == write }
        guard engines.contains(where: \.isWaiting) else { return }
        links.advance()
        for engine in engines where engine.isWaiting {
            engine.isWaiting = false
            if engine.wake >= 0 { EventFD.signal(engine.wake) }
        }
    }
}
