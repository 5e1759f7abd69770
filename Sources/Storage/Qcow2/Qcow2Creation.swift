// SPDX-License-Identifier: Apache-2.0

internal import Linux

/// What a new qcow2 image is to be like.
public struct Qcow2Creation: Sendable, Equatable {
    /// Size of the disk in bytes.
    public var size: UInt64
    /// Bytes of a cluster, a power of two from 512 to 2 MiB.
    public var clusterBytes: UInt64 = 65_536
    /// Bits of a refcount: 1, 2, 4, 8, 16, 32 or 64.
    public var refcountBits = 16
    /// 2 or 3.
    public var version = 3
    /// Allows refcounts to be late.
    public var lazyRefcounts = false
    /// Describes 32 subclusters a cluster.
    public var extendedL2 = false
    /// The backing file's name, as it is to be found from the image.
    public var backing: String?
    /// Its format.
    public var backingFormat: String?
    /// The external data file's name, as it is to be found from the image.
    public var dataFile: String?
    /// Keeps that file a raw image by itself.
    public var dataFileIsRaw = false

    /// An image of that many bytes, otherwise as QEMU makes it.
    public init(size: UInt64) { self.size = size }

    /// Writes an empty image into an empty file.
    /// - Throws: `Qcow2Error` that names what cannot be.
    public func write(to file: any MetadataFile, name: String) throws(Qcow2Error) {
        try judge(name)
        let bits = clusterBytes.trailingZeroBitCount
        guard let entries = Qcow2Header.l1Count(for: size, clusterBits: bits, isExtended: extendedL2) else {
            throw Qcow2Error(name, "size \(size) is too large for clusters of \(clusterBytes) bytes; take larger ones")
        }
        let plan = Layout(self, l1Entries: UInt64(entries))
        let header = try header(name, l1Count: UInt32(entries), plan)
        do throws(Errno) {
            // The header last: a file that has one is whole.
            if file.canGrow { try file.resize(to: plan.clusters * clusterBytes) }
            try plan.write(to: file)
            try file.sync()
            try file.write(header + [UInt8](repeating: 0, count: Int(clusterBytes) - header.count), at: 0)
            try file.sync()
        } catch { throw Qcow2Error(name, "cannot be written (\(error))") }
    }

    /// Where the tables of a new image lie: refcount table, refcount blocks and L1 table behind the header.
    private struct Layout {
        let clusterBytes: UInt64
        let order: UInt64
        let perBlock: UInt64
        var tableClusters: UInt64 = 1
        var blocks: UInt64 = 1
        let l1Clusters: UInt64

        var clusters: UInt64 { 1 + tableClusters + blocks + l1Clusters }
        var l1Offset: UInt64 { (1 + tableClusters + blocks) * clusterBytes }

        init(_ creation: Qcow2Creation, l1Entries: UInt64) {
            clusterBytes = creation.clusterBytes
            order = UInt64(creation.refcountBits.trailingZeroBitCount)
            perBlock = creation.clusterBytes * 8 / UInt64(creation.refcountBits)
            l1Clusters = max(1, (l1Entries * 8 + creation.clusterBytes - 1) / creation.clusterBytes)
            while blocks * perBlock < clusters || tableClusters * clusterBytes / 8 < blocks {
                if blocks * perBlock < clusters { blocks += 1 } else { tableClusters += 1 }
            }
        }

        func write(to file: any MetadataFile) throws(Errno) {
            var table = [UInt8](repeating: 0, count: Int(tableClusters * clusterBytes))
            for block in 0..<blocks {
                var content = [UInt8](repeating: 0, count: Int(clusterBytes))
                let first = block * perBlock
                for index in 0..<min(perBlock, clusters - min(clusters, first)) {
                    Qcow2Refcounts.put(&content, index, 1, order)
                }
                let offset = (1 + tableClusters + block) * clusterBytes
                try file.write(content, at: offset)
                table.replaceSubrange(Int(block) * 8..<Int(block) * 8 + 8, with: BigEndian.bytes(offset))
            }
            try file.write(table, at: clusterBytes)
            try file.write([UInt8](repeating: 0, count: Int(l1Clusters * clusterBytes)), at: l1Offset)
        }
    }

    /// Whether such an image can be.
    func judge(_ name: String) throws(Qcow2Error) {
        func refuse(_ text: String) -> Qcow2Error { Qcow2Error(name, text) }
        guard clusterBytes.nonzeroBitCount == 1, (512...2_097_152).contains(clusterBytes) else {
            throw refuse("cluster_size is \(clusterBytes); make it a power of two from 512 to 2097152")
        }
        guard refcountBits.nonzeroBitCount == 1, (1...64).contains(refcountBits) else {
            throw refuse("refcount_bits is \(refcountBits); make it 1, 2, 4, 8, 16, 32 or 64")
        }
        guard size % 512 == 0 else { throw refuse("size is \(size); make it a multiple of 512") }
        guard version == 2 || version == 3 else { throw refuse("compat must be 0.10 (version 2) or 1.1 (version 3)") }
        if version == 2 {
            let newer = [
                refcountBits != 16 ? "refcount_bits" : nil, lazyRefcounts ? "lazy_refcounts" : nil,
                extendedL2 ? "extended_l2" : nil, dataFile != nil ? "data_file" : nil,
            ].compactMap(\.self)
            guard newer.isEmpty else {
                throw refuse("\(newer.joined(separator: ", ")) needs version 3; take compat=1.1")
            }
        }
        if extendedL2 && clusterBytes < 16_384 {
            throw refuse("cluster_size is \(clusterBytes); extended_l2 needs at least 16384")
        }
        if dataFileIsRaw && dataFile == nil { throw refuse("data_file_raw needs data_file") }
        if dataFileIsRaw && backing != nil { throw refuse("data_file_raw and a backing file exclude each other") }
        for (field, text) in [("backing_file", backing), ("data_file", dataFile)] {
            if let text, text.utf8.isEmpty || text.utf8.count > 1023 {
                throw refuse("\(field) must be from 1 to 1023 bytes long")
            }
        }
    }

    /// Header, extensions and the backing file's name.
    private func header(_ name: String, l1Count: UInt32, _ plan: Layout) throws(Qcow2Error) -> [UInt8] {
        func part(_ type: UInt32, _ data: [UInt8]) -> [UInt8] {
            BigEndian.bytes(type) + BigEndian.bytes(UInt32(data.count)) + data
                + [UInt8](repeating: 0, count: (8 - data.count % 8) % 8)
        }
        var extensions: [UInt8] = []
        if let backingFormat { extensions += part(Qcow2Header.Extension.backingFormat, Array(backingFormat.utf8)) }
        if let dataFile { extensions += part(Qcow2Header.Extension.dataFile, Array(dataFile.utf8)) }
        let names = Qcow2Feature.names.flatMap { entry in
            let text = Array(entry.name.utf8.prefix(46))
            return [entry.field.rawValue, entry.bit] + text + [UInt8](repeating: 0, count: 46 - text.count)
        }
        let end = [UInt8](repeating: 0, count: 8)
        let backingName = Array((backing ?? "").utf8)
        let fixed = version == 3 ? 112 : 72
        let table = part(Qcow2Header.Extension.featureNames, names)
        // Names of features are left out where the cluster is too small for them.
        if version == 3, fixed + extensions.count + table.count + 8 + backingName.count <= Int(clusterBytes) {
            extensions += table
        }
        extensions += end
        let nameOffset = fixed + extensions.count
        guard nameOffset + backingName.count <= Int(clusterBytes) else {
            throw Qcow2Error(name, "the names of its files do not fit into its first cluster; take larger clusters")
        }
        return fields(l1Count, plan, backingAt: nameOffset) + extensions + backingName
    }

    private func fields(_ l1Count: UInt32, _ plan: Layout, backingAt: Int) -> [UInt8] {
        var bytes = BigEndian.bytes(Qcow2Header.magic) + BigEndian.bytes(UInt32(version))
        bytes += BigEndian.bytes(backing == nil ? 0 : UInt64(backingAt))
        bytes += BigEndian.bytes(UInt32(backing?.utf8.count ?? 0))
        bytes += BigEndian.bytes(UInt32(clusterBytes.trailingZeroBitCount))
        bytes += BigEndian.bytes(size) + BigEndian.bytes(UInt32(0)) + BigEndian.bytes(l1Count)
        bytes += BigEndian.bytes(plan.l1Offset) + BigEndian.bytes(clusterBytes)
        bytes += BigEndian.bytes(UInt32(plan.tableClusters)) + BigEndian.bytes(UInt32(0)) + BigEndian.bytes(UInt64(0))
        guard version == 3 else { return bytes }
        var incompatible: UInt64 = 0
        if extendedL2 { incompatible |= Qcow2Feature.extendedL2 }
        if dataFile != nil { incompatible |= Qcow2Feature.externalData }
        bytes += BigEndian.bytes(incompatible) + BigEndian.bytes(lazyRefcounts ? Qcow2Feature.lazyRefcounts : 0)
        bytes += BigEndian.bytes(dataFileIsRaw ? Qcow2Feature.rawExternalData : 0)
        bytes += BigEndian.bytes(UInt32(refcountBits.trailingZeroBitCount)) + BigEndian.bytes(UInt32(112))
        return bytes + [UInt8](repeating: 0, count: 8)
    }
}
