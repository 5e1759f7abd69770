// SPDX-License-Identifier: Apache-2.0

extension Qcow2Header {
    /// Whether a file that begins with these bytes is a qcow2 image.
    public static func isQcow2(_ start: [UInt8]) -> Bool { BigEndian.load(UInt32.self, start, 0) == magic }

    /// Reads a header.
    /// - Parameters:
    ///   - bytes: the file's first bytes: a whole cluster, or all there is.
    ///   - image: what errors call the image.
    /// - Throws: `Qcow2Error` that names the field.
    public static func parse(_ bytes: [UInt8], of image: String) throws(Qcow2Error) -> Qcow2Header {
        let fields = Fields(bytes, image)
        guard try fields.number(UInt32.self, 0) == magic else {
            throw Qcow2Error(image, "is no qcow2 image; name its format, for instance raw")
        }
        var header = Qcow2Header()
        let version = try fields.number(UInt32.self, 4)
        guard version == 2 || version == 3 else {
            throw Qcow2Error(image, "is of qcow2 version \(version); convert it to version 2 or 3")
        }
        header.version = Int(version)
        header.clusterBits = try fields.number(UInt32.self, 20, "cluster_bits", in: 9...21)
        header.size = try fields.number(UInt64.self, 24)
        let encryption = try fields.number(UInt32.self, 32)
        guard encryption == 0 else {
            let method = encryption == 1 ? "AES" : encryption == 2 ? "LUKS" : "method \(encryption)"
            throw Qcow2Error(
                image, "is encrypted (\(method)), which is not supported; decrypt it with qemu-img convert")
        }
        try header.parseFeatures(fields)
        try header.parseTables(fields)
        try header.parseExtensions(fields)
        try header.parseBacking(fields)
        return header
    }

    private mutating func parseFeatures(_ fields: Fields) throws(Qcow2Error) {
        guard version == 3 else {
            headerBytes = 72
            return
        }
        incompatible = try fields.number(UInt64.self, 72)
        compatible = try fields.number(UInt64.self, 80)
        autoclear = try fields.number(UInt64.self, 88)
        refcountOrder = try fields.number(UInt32.self, 96, "refcount_order", in: 0...6)
        headerBytes = try fields.number(UInt32.self, 100, "header_length", in: 104...(1 << clusterBits))
        guard headerBytes % 8 == 0 else { throw fields.wrong("header_length", headerBytes, "be a multiple of 8") }
        let unknown = incompatible & ~Qcow2Feature.knownIncompatible
        guard unknown == 0 else {
            let names = (0..<64).filter { unknown >> UInt64($0) & 1 != 0 }.map { bit in
                let name = fields.featureName(.incompatible, bit: bit, from: headerBytes)
                return "bit \(bit)" + (name.map { " (\($0))" } ?? "")
            }
            throw Qcow2Error(
                fields.image,
                "needs incompatible feature \(names.joined(separator: ", ")), which is not supported; convert the image"
            )
        }
        if isExtended, clusterBits < 14 {
            throw fields.wrong("cluster_bits", clusterBits, "be at least 14 with extended L2 entries")
        }
        let type = headerBytes > 104 ? try fields.number(UInt8.self, 104) : 0
        guard let known = Qcow2Compression(rawValue: type) else {
            throw fields.wrong("compression_type", Int(type), "be 0 (zlib) or 1 (zstd)")
        }
        guard (incompatible & Qcow2Feature.compressionType != 0) == (known != .zlib) else {
            throw fields.wrong("compression_type", Int(type), "agree with incompatible bit 3")
        }
        compression = known
    }

    private mutating func parseTables(_ fields: Fields) throws(Qcow2Error) {
        let clusterBytes = self.clusterBytes
        let l1Limit = Int(Self.maximumL1Bytes / 8)
        l1Count = try fields.number(UInt32.self, 36, "l1_size", in: 0...l1Limit)
        l1Offset = try fields.offset(40, "l1_table_offset", clusterBytes, bytes: UInt64(l1Count) * 8)
        guard let needed = Self.l1Count(for: size, clusterBits: clusterBits, isExtended: isExtended) else {
            throw Qcow2Error(
                fields.image, "size \(size) needs an L1 table beyond 32 MiB; use larger clusters")
        }
        guard needed <= l1Count else {
            throw fields.wrong("l1_size", l1Count, "be at least \(needed) for a disk of \(size) bytes")
        }
        refcountTableClusters = try fields.number(
            UInt32.self, 56, "refcount_table_clusters",
            in: 1...Int(max(Self.maximumRefcountTableBytes / clusterBytes, 1)))
        refcountTableOffset = try fields.offset(
            48, "refcount_table_offset", clusterBytes, bytes: UInt64(refcountTableClusters) * clusterBytes)
        snapshotCount = try fields.number(UInt32.self, 60, "nb_snapshots", in: 0...Self.maximumSnapshots)
        if snapshotCount > 0 {
            snapshotsOffset = try fields.offset(64, "snapshots_offset", clusterBytes, bytes: UInt64(snapshotCount) * 40)
        } else {
            snapshotsOffset = try fields.number(UInt64.self, 64)
        }
        if l1Count > 0 && l1Offset == 0 { throw fields.wrong("l1_table_offset", 0, "lie behind the header") }
        if refcountTableOffset == 0 { throw fields.wrong("refcount_table_offset", 0, "lie behind the header") }
        if snapshotCount > 0 && snapshotsOffset == 0 {
            throw fields.wrong("snapshots_offset", 0, "lie behind the header")
        }
        if hasDataFile && snapshotCount > 0 {
            throw fields.wrong("nb_snapshots", snapshotCount, "be 0 with an external data file")
        }
    }

    private mutating func parseBacking(_ fields: Fields) throws(Qcow2Error) {
        let offset = try fields.number(UInt64.self, 8)
        guard offset != 0 else { return }
        let count = try fields.number(UInt32.self, 16, "backing_file_size", in: 1...1023)
        guard offset >= UInt64(headerBytes), offset <= clusterBytes - UInt64(count) else {
            throw Qcow2Error(fields.image, "backing_file_offset \(offset) must lie in the first cluster")
        }
        guard let name = fields.text(Int(offset), count) else {
            throw Qcow2Error(fields.image, "the backing file's name is cut off or no text; rebase the image")
        }
        backing = name
        if dataFileIsRaw { throw Qcow2Error(fields.image, "has a backing file beside a raw external data file") }
    }
}
