// SPDX-License-Identifier: Apache-2.0

internal import CLinux
public import Linux
import Synchronization

extension Qcow2Image {
    /// Makes the disk larger while it is in use; what is added reads as zeros.
    /// - Parameter backingBytes: size of the disk below, whose bytes behind the old end must not come up.
    /// - Throws: `Errno`; EINVAL for a size that is smaller or no multiple of 512, EFBIG beyond what the format can name,
    ///   EOPNOTSUPP for a version 2 image whose backing file is longer than it is.
    public func grow(to bytes: UInt64, backingBytes: UInt64 = 0) throws(Errno) {
        try locked { () throws(Errno) in
            let old = size.load(ordering: .relaxed)
            guard !isReadOnly, let refcounts else { throw Errno(code: EROFS, call: "qcow2") }
            guard !isBroken.load(ordering: .relaxed) else { throw Errno(code: EIO, call: "qcow2") }
            guard bytes >= old, bytes % 512 == 0 else { throw Errno(code: EINVAL, call: "qcow2") }
            guard
                let needed = Qcow2Header.l1Count(
                    for: bytes, clusterBits: header.clusterBits, isExtended: header.isExtended)
            else { throw Errno(code: EFBIG, call: "qcow2") }
            if bytes == old { return }
            try storeLocked()
            if needed > l1.count { try moveL1(refcounts, count: needed) }
            if hasBacking {
                try hideBacking(geometry.roundUp(old)..<max(geometry.roundUp(old), min(bytes, backingBytes)))
            }
            if let dataFile, dataFile.bytes < bytes, header.dataFileIsRaw { try dataFile.resize(to: bytes) }
            try file.write(BigEndian.bytes(bytes), at: 24)
            try file.sync()
            header.size = bytes
            size.store(bytes, ordering: .releasing)
        }
    }

    /// Copies the L1 table to where it has room to grow, and has the header name it.
    private func moveL1(_ refcounts: Qcow2Refcounts, count: Int) throws(Errno) {
        let perCluster = Int(geometry.clusterBytes / 8)
        let whole = (count + perCluster - 1) / perCluster
        let run = try refcounts.allocateRun(of: UInt64(whole))
        let offset = run.lowerBound << geometry.clusterBits
        let entries = l1 + Array(repeating: 0, count: whole * perCluster - l1.count)
        let end = run.upperBound << geometry.clusterBits
        if file.bytes < end {
            isGrown = true
            try file.resize(to: end)
        }
        try file.write(entries.flatMap { BigEndian.bytes($0) }, at: offset)
        try refcounts.store()
        try file.sync()
        // Both lie in one sector.
        try file.write(BigEndian.bytes(UInt32(count)) + BigEndian.bytes(offset), at: 36)
        try file.sync()
        let old = header.l1Offset >> geometry.clusterBits
        let oldClusters = geometry.clusters(UInt64(header.l1Count) * 8)
        refcounts.metadata.formUnion(run)
        refcounts.metadata.subtract(old..<old + oldClusters)
        header.l1Offset = offset
        header.l1Count = count
        l1 = Array(entries[..<count])
        for cluster in old..<old + oldClusters { _ = try refcounts.decrease(cluster) }
    }

    /// Has entries behind the disk's end say zeros.
    private func hideBacking(_ range: Range<UInt64>) throws(Errno) {
        guard !range.isEmpty else { return }
        guard header.version >= 3 else { throw Errno(code: EOPNOTSUPP, call: "qcow2 version 2") }
        let mask = (UInt64(1) << geometry.sliceBits) &- 1
        for cluster in range.lowerBound >> geometry.clusterBits..<geometry.clusters(range.upperBound) {
            let slice = cluster >> geometry.sliceBits
            try ownTableLocked(Int(slice >> (geometry.tableBits &- geometry.sliceBits)))
            needsStore.store(true, ordering: .releasing)
            cache.set(try slotLocked(of: slice), Int(cluster & mask), zeroEntry(host: 0, isOwned: false))
        }
        try storeLocked()
    }

    /// Makes the disk smaller; what is cut off is lost. No engine has anything in flight.
    /// - Throws: `Errno`; EINVAL for a size that is larger or no multiple of 512, EBUSY for an image with snapshots.
    public func shrink(to bytes: UInt64) throws(Errno) {
        try locked { () throws(Errno) in
            let old = size.load(ordering: .relaxed)
            guard !isReadOnly, refcounts != nil else { throw Errno(code: EROFS, call: "qcow2") }
            guard bytes <= old, bytes % 512 == 0 else { throw Errno(code: EINVAL, call: "qcow2") }
            guard header.snapshotCount == 0 else { throw Errno(code: EBUSY, call: "qcow2 snapshots") }
            try storeLocked()
            // The size first: afterwards a table may only name too much.
            try file.write(BigEndian.bytes(bytes), at: 24)
            try file.sync()
            header.size = bytes
            size.store(bytes, ordering: .releasing)
            let mask = (UInt64(1) << geometry.sliceBits) &- 1
            var cluster = geometry.clusters(bytes)
            while cluster < geometry.clusters(old) {
                let slice = cluster >> geometry.sliceBits
                let index = Int(slice >> (geometry.tableBits &- geometry.sliceBits))
                guard try tableLocked(index) != 0 else {
                    cluster = UInt64(index + 1) << geometry.tableBits
                    continue
                }
                try ownTableLocked(index)
                let slot = try slotLocked(of: slice)
                let entry = try entryLocked(slot, at: cluster << geometry.clusterBits)
                if entry != .unallocated {
                    needsStore.store(true, ordering: .releasing)
                    cache.set(slot, Int(cluster & mask), .unallocated)
                    releaseLocked(entry)
                }
                cluster += 1
            }
            try storeLocked()
            if let dataFile { try dataFile.resize(to: min(dataFile.bytes, bytes)) }
        }
    }
}
