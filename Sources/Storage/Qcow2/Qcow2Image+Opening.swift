// SPDX-License-Identifier: Apache-2.0

internal import Linux

extension Qcow2Image {
    /// Makes sure that an image may be written, and says in its header that this program writes it.
    static func prepareForWriting(
        _ file: any MetadataFile, _ header: inout Qcow2Header, _ name: String, repairsDirty: Bool
    ) throws(Qcow2Error) {
        guard header.incompatible & Qcow2Feature.corrupt == 0 else {
            throw Qcow2Error(name, "is marked corrupt; run apus image check --repair all on it, or attach it read-only")
        }
        if header.incompatible & Qcow2Feature.dirty != 0 {
            guard repairsDirty else {
                throw Qcow2Error(
                    name, "was not closed and has wrong refcounts; run apus image check --repair all on it")
            }
            let report = try Qcow2Check.run(on: file, name: name, repair: .all)
            guard report.isSound else {
                throw Qcow2Error(
                    name, "was not closed and cannot be repaired (\(report.corruptions) errors); restore it from a copy"
                )
            }
            header = try readHeader(of: file, name: name)
        }
        do throws(Errno) {
            // What is not kept up to date here loses its bit.
            let kept = header.autoclear & (header.hasDataFile ? Qcow2Feature.rawExternalData : 0)
            if kept != header.autoclear {
                try file.write(BigEndian.bytes(kept), at: 88)
                try file.sync()
                header.autoclear = kept
            }
            let whole = Qcow2Geometry(header).roundUp(file.bytes)
            if file.canGrow && whole != file.bytes { try file.resize(to: whole) }
        } catch { throw Qcow2Error(name, "cannot be written (\(error))") }
    }

    /// Notes every cluster of metadata, so that none of them is handed out or taken for data.
    func claimMetadata() throws(Qcow2Error) {
        try claim(0, 1, "the header")
        try claim(header.l1Offset, geometry.clusters(UInt64(l1.count) * 8), "the L1 table")
        guard let refcounts else { return }
        try claim(refcounts.tableOffset, UInt64(refcounts.tableClusters), "the refcount table")
        for offset in refcounts.table where offset != 0 { try claim(offset, 1, "a refcount block") }
        for entry in l1 {
            let offset = entry & L2Entry.offsetMask
            // What is not aligned is refused when it is used.
            if offset != 0, offset & geometry.clusterMask == 0 { try claim(offset, 1, "an L2 table") }
        }
        let snapshots = try Qcow2Snapshots.read(from: file, header, name: name)
        if header.snapshotCount > 0 {
            try claim(header.snapshotsOffset, geometry.clusters(snapshots.bytes), "the snapshot table")
        }
        for snapshot in snapshots.all where snapshot.l1Count > 0 {
            try claim(snapshot.l1Offset, geometry.clusters(UInt64(snapshot.l1Count) * 8), "a snapshot's L1 table")
        }
    }

    private func claim(_ offset: UInt64, _ count: UInt64, _ what: String) throws(Qcow2Error) {
        for cluster in (offset >> geometry.clusterBits)..<(offset >> geometry.clusterBits) + count {
            guard refcounts?.metadata.insert(cluster).inserted != false else {
                throw Qcow2Error(
                    name, "\(what) at \(offset) overlaps other metadata; run apus image check, or attach it read-only")
            }
        }
    }
}
