// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Linux

/// The internal snapshots of an image (qcow2, "Snapshots"). They are kept as they are: what they share is copied on
/// write.
public struct Qcow2Snapshots: Sendable {
    /// One snapshot.
    public struct Snapshot: Sendable, Equatable {
        /// Its identifier, unique in the image.
        public var identifier: String
        /// Its name.
        public var name: String
        /// Entries of its L1 table.
        public var l1Count: Int
        /// Where its L1 table starts, in bytes.
        public var l1Offset: UInt64
        /// When it was taken, in seconds since 1970.
        public var seconds: UInt32
        /// Bytes of a machine's state.
        public var stateBytes: UInt64
        /// Size of the disk when it was taken, in bytes; nil where the image does not say.
        public var diskBytes: UInt64?
        /// Where its entry starts in the image.
        public var entryOffset: UInt64
    }

    /// In the table's order.
    public var all: [Snapshot] = []
    /// Bytes of the table.
    public var bytes: UInt64 = 0

    /// The largest snapshot table that is read, as QEMU has it: 64 MiB.
    static let maximumBytes: UInt64 = 64 << 20

    /// Reads the snapshot table.
    /// - Throws: `Qcow2Error` where it makes no sense.
    static func read(
        from file: any MetadataFile, _ header: Qcow2Header, name: String
    ) throws(Qcow2Error) -> Qcow2Snapshots {
        var table = Qcow2Snapshots()
        var at = header.snapshotsOffset
        for index in 0..<header.snapshotCount {
            let wrong = Qcow2Error(name, "snapshot \(index) makes no sense; restore the image from a copy")
            let count = min(4096 + 2 * 65_535, file.bytes > at ? file.bytes - at : 0)
            guard count >= 40 else { throw wrong }
            let bytes: [UInt8]
            do throws(Errno) {
                let head = try file.bytes(at: at, count: 40)
                let ids = UInt64(BigEndian.load(UInt16.self, head, 12) ?? 0)
                let names = UInt64(BigEndian.load(UInt16.self, head, 14) ?? 0)
                let extra = UInt64(BigEndian.load(UInt32.self, head, 36) ?? 0)
                let whole = 40 + extra + ids + names
                guard extra <= 1024, whole <= count else { throw Errno(code: EINVAL, call: "snapshot") }
                bytes = try file.bytes(at: at, count: Int(whole))
            } catch { throw wrong }
            guard let snapshot = Snapshot(bytes, at: at), snapshot.isSane(header, file) else { throw wrong }
            table.all.append(snapshot)
            at += UInt64(bytes.count + 7) / 8 * 8
            table.bytes = at - header.snapshotsOffset
            guard table.bytes <= maximumBytes else { throw wrong }
        }
        return table
    }
}

extension Qcow2Snapshots.Snapshot {
    /// One entry of the table: fixed part, extra data, identifier and name.
    init?(_ bytes: [UInt8], at offset: UInt64) {
        guard let l1Offset = BigEndian.load(UInt64.self, bytes, 0), let l1Count = BigEndian.load(UInt32.self, bytes, 8),
            let ids = BigEndian.load(UInt16.self, bytes, 12), let seconds = BigEndian.load(UInt32.self, bytes, 16),
            let state = BigEndian.load(UInt32.self, bytes, 32), let extra = BigEndian.load(UInt32.self, bytes, 36)
        else { return nil }
        let texts = 40 + Int(extra)
        guard texts + Int(ids) <= bytes.count else { return nil }
        self.l1Offset = l1Offset
        self.l1Count = Int(l1Count)
        self.seconds = seconds
        identifier = String(decoding: bytes[texts..<texts + Int(ids)], as: UTF8.self)
        name = String(decoding: bytes[(texts + Int(ids))...], as: UTF8.self)
        stateBytes = extra >= 8 ? BigEndian.load(UInt64.self, bytes, 40) ?? 0 : UInt64(state)
        diskBytes = extra >= 16 ? BigEndian.load(UInt64.self, bytes, 48) : nil
        entryOffset = offset
    }

    fileprivate func isSane(_ header: Qcow2Header, _ file: any MetadataFile) -> Bool {
        l1Count <= Int(Qcow2Header.maximumL1Bytes / 8) && l1Offset % header.clusterBytes == 0
            && (l1Count == 0 || l1Offset != 0) && l1Offset <= file.bytes
    }
}
