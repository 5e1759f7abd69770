// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Linux
import Synchronization

/// What became of a part of a discard or write-zeroes.
enum ZeroingStep: Sendable {
    /// So many bytes are done.
    case done(UInt64)
    /// So many bytes must be written as zeros.
    case write(UInt64)
    /// So many bytes are for the data file to discard or zero at the same offset.
    case pass(UInt64)
    /// Somebody is writing into the first cluster for the first time: until `links` is no longer this.
    case wait(UInt32)
}

extension Qcow2Image {
    /// Discards or zeroes from `offset` on, up to `count` bytes, as far as one table slice tells.
    /// - Parameters:
    ///   - unmap: gives the clusters up.
    ///   - isDiscard: nothing is promised about the contents afterwards.
    /// - Throws: `Errno`.
    func zero(
        at offset: UInt64, count: UInt64, unmap: Bool, isDiscard: Bool, for engine: EngineEpochs
    ) throws(Errno) -> ZeroingStep {
        try locked { () throws(Errno) in
            guard !isReadOnly else { throw Errno(code: EROFS, call: "qcow2") }
            guard !isBroken.load(ordering: .relaxed) else { throw Errno(code: EIO, call: "qcow2") }
            let mask = geometry.clusterMask
            let size = self.size.load(ordering: .relaxed)
            let end = offset &+ count
            // The disk's last cluster may be a part of one.
            let isWholeEnd = end & mask == 0 || end == size
            let lastWhole = isWholeEnd ? geometry.roundUp(end) : end & ~mask
            let firstWhole = geometry.roundUp(offset)
            guard offset == firstWhole, lastWhole > firstWhole else {
                let part = min(count, firstWhole &- offset == 0 ? count : firstWhole &- offset)
                return isDiscard ? .done(part) : .write(part)
            }
            let first = offset >> geometry.clusterBits
            let slice = first >> geometry.sliceBits
            var last = min(lastWhole >> geometry.clusterBits, (slice &+ 1) << geometry.sliceBits)
            for other in pending where other.overlaps(first, last &- 1) {
                if other.overlaps(first, first) { return .wait(waitLocked(engine)) }
                last = min(last, other.cluster)
            }
            if limbo.isCrowded { try storeLocked() }
            let index = Int(slice >> (geometry.tableBits &- geometry.sliceBits))
            if !hasBacking, try tableLocked(index) == 0 {
                let tableEnd = UInt64(index + 1) << geometry.tableShift
                return .done(min(count, tableEnd &- offset))
            }
            let slot = try slotLocked(of: slice)
            for cluster in first..<last {
                let done = (cluster &- first) << geometry.clusterBits
                let place = Int(truncatingIfNeeded: cluster & ((1 << geometry.sliceBits) &- 1))
                let old = try entryLocked(slot, at: cluster << geometry.clusterBits)
                switch change(old, unmap: unmap, isDiscard: isDiscard) {
                case .keep: continue
                case .write: return done > 0 ? .done(min(done, count)) : .write(min(count, geometry.clusterBytes))
                case .pass: return done > 0 ? .done(min(done, count)) : .pass(min(count, geometry.clusterBytes))
                case .set(let new):
                    // The table may be another's, or none yet.
                    try ownTableLocked(index)
                    let slot = try slotLocked(of: slice)
                    needsStore.store(true, ordering: .releasing)
                    cache.set(slot, place, new)
                    if old.hasHost(geometry) || old.isCompressed, new.host != old.host || old.isCompressed {
                        releaseLocked(old)
                    }
                }
            }
            return .done(min((last &- first) << geometry.clusterBits, count))
        }
    }

    private enum Change { case keep, write, pass, set(L2Entry) }

    /// What a cluster's entry becomes.
    private func change(_ old: L2Entry, unmap: Bool, isDiscard: Bool) -> Change {
        let hasHost = old.hasHost(geometry)
        let isStored =
            old.isCompressed || (geometry.isExtended ? old.stored != 0 : hasHost && old.word & L2Entry.zero == 0)
        let isNothing = old == .unallocated
        if geometry.hasDataFile {
            if isNothing && !hasBacking { return .keep }
            if isDiscard || header.dataFileIsRaw { return isNothing ? .keep : isStored ? .pass : .keep }
        }
        // Zeros that take no room, or that may keep theirs.
        let flagged = zeroEntry(host: 0, isOwned: false)
        if isNothing && !hasBacking { return .keep }
        if isDiscard && isNothing { return .keep }
        guard geometry.hasZeroFlag || geometry.isExtended else {
            if hasBacking { return isDiscard ? .keep : .write }
            return unmap || !old.isCopied || old.isCompressed ? .set(.unallocated) : .write
        }
        if !isStored && old == flagged { return .keep }
        let keepsHost = hasHost && old.isCopied && !old.isCompressed && (!unmap || geometry.hasDataFile)
        if keepsHost {
            let new = zeroEntry(host: old.host, isOwned: true)
            return new == old ? .keep : .set(new)
        }
        return .set(hasBacking ? flagged : .unallocated)
    }

    /// An entry that says zeros.
    func zeroEntry(host: UInt64, isOwned: Bool) -> L2Entry {
        let owned = isOwned ? host | L2Entry.copied : 0
        return geometry.isExtended
            ? L2Entry(word: owned, bitmap: L2Entry.allSubclusters << 32)
            : L2Entry(word: owned | (geometry.hasZeroFlag ? L2Entry.zero : 0))
    }
}
