// SPDX-License-Identifier: Apache-2.0

internal import Linux

/// Compares what an image's tables name with what its refcounts say.
public struct Qcow2Check {
    private let file: any MetadataFile
    private let name: String
    private let header: Qcow2Header
    private let geometry: Qcow2Geometry
    private let progress: (Double) -> Void
    private var counts = ReferenceCounts()
    private var report = Qcow2CheckReport()

    /// Checks an image that nobody writes, and repairs it if asked to.
    /// - Parameter progress: is told the part that is done, from 0 to 1.
    /// - Throws: `Qcow2Error` when the header or the snapshot table cannot be understood, or the file not be read.
    public static func run(
        on file: any MetadataFile, name: String, repair: Qcow2CheckReport.Repair = .none,
        progress: @escaping (Double) -> Void = { _ in }
    ) throws(Qcow2Error) -> Qcow2CheckReport {
        let header = try Qcow2Image.readHeader(of: file, name: name)
        let snapshots = try Qcow2Snapshots.read(from: file, header, name: name)
        var check = Qcow2Check(file, header, name, progress)
        do throws(Errno) {
            try check.countAll(snapshots)
            try check.compare(repair)
            if repair == .all { try check.clearMarks() }
        } catch { throw Qcow2Error(name, "cannot be checked (\(error))") }
        return check.report
    }

    private init(
        _ file: any MetadataFile, _ header: Qcow2Header, _ name: String, _ progress: @escaping (Double) -> Void
    ) {
        self.file = file
        self.header = header
        self.name = name
        self.progress = progress
        geometry = Qcow2Geometry(header)
        report.diskClusters = geometry.clusters(header.size)
    }

    private mutating func corrupt(_ message: @autoclosure () -> String) {
        report.corruptions += 1
        report.note(message())
    }

    /// Counts the clusters of a table; false when it does not lie in the file.
    @discardableResult
    private mutating func count(_ offset: UInt64, bytes: UInt64, _ what: @autoclosure () -> String) -> Bool {
        guard bytes > 0 else { return true }
        guard offset & geometry.clusterMask == 0, offset < 1 << 56, offset < geometry.roundUp(file.bytes) else {
            corrupt("\(what()) at \(offset) lies outside of the file or is not aligned")
            return false
        }
        let first = offset >> geometry.clusterBits
        for cluster in first..<first + geometry.clusters(bytes) { counts.add(cluster) }
        return true
    }

    // MARK: Counting

    private mutating func countAll(_ snapshots: Qcow2Snapshots) throws(Errno) {
        count(0, bytes: 1, "the header")
        let tables = 1 + snapshots.all.count
        try countTable(at: header.l1Offset, count: header.l1Count, isActive: true, part: 0, of: tables)
        for (index, snapshot) in snapshots.all.enumerated() {
            try countTable(
                at: snapshot.l1Offset, count: snapshot.l1Count, isActive: false, part: index + 1, of: tables)
        }
        if header.snapshotCount > 0 { count(header.snapshotsOffset, bytes: snapshots.bytes, "the snapshot table") }
        let blocks = header.refcountTableClusters << Int(geometry.clusterBits - 3)
        count(header.refcountTableOffset, bytes: UInt64(blocks) * 8, "the refcount table")
        for offset in try Qcow2Refcounts.words(of: file, at: header.refcountTableOffset, count: blocks)
        where offset != 0 {
            count(offset, bytes: 1, "a refcount block")
        }
        if header.autoclear & Qcow2Feature.bitmaps != 0, let bitmaps = header.bitmaps { try count(bitmaps) }
    }

    private mutating func countTable(
        at offset: UInt64, count entries: Int, isActive: Bool, part: Int, of parts: Int
    ) throws(Errno) {
        guard count(offset, bytes: UInt64(entries) * 8, "an L1 table") else { return }
        var seen: Set<UInt64> = []
        let table = try Qcow2Refcounts.words(of: file, at: offset, count: entries)
        for (index, entry) in table.enumerated() where entry != 0 {
            let l2 = entry & L2Entry.offsetMask
            guard entry & ~(L2Entry.offsetMask | L2Entry.copied) == 0, l2 != 0 else {
                corrupt("L1 entry \(index) is \(String(entry, radix: 16)), which makes no sense")
                continue
            }
            guard count(l2, bytes: 1, "L2 table \(index)") else { continue }
            guard seen.insert(l2).inserted else {
                corrupt("L2 table at \(l2) is used twice by one L1 table")
                continue
            }
            try countEntries(of: l2, index: index, isActive: isActive)
            progress((Double(part) + Double(index) / Double(entries)) / Double(parts) * 0.8)
        }
    }

    private mutating func countEntries(of l2: UInt64, index: Int, isActive: Bool) throws(Errno) {
        let words = try Qcow2Refcounts.words(of: file, at: l2, count: Int(geometry.clusterBytes / 8))
        let first = UInt64(index) << geometry.tableBits
        for place in 0..<(1 << Int(geometry.tableBits)) {
            let entry =
                geometry.isExtended
                ? L2Entry(word: words[place * 2], bitmap: words[place * 2 + 1]) : L2Entry(word: words[place])
            if entry == .unallocated { continue }
            let cluster = first + UInt64(place)
            guard entry.isWellFormed(geometry) else {
                corrupt("the entry of guest cluster \(cluster) makes no sense (\(String(entry.word, radix: 16)))")
                continue
            }
            if entry.isCompressed {
                let range = entry.compressedRange(geometry)
                guard range.offset < file.bytes else {
                    corrupt("compressed guest cluster \(cluster) lies outside of the file")
                    continue
                }
                let from = range.offset >> geometry.clusterBits
                let to = (range.offset + range.count - 1) >> geometry.clusterBits
                for host in from...to { counts.add(host) }
                if isActive { report.compressedClusters += 1 }
            } else if entry.hasHost(geometry) {
                if geometry.hasDataFile {
                    if entry.host != cluster << geometry.clusterBits {
                        corrupt("guest cluster \(cluster) is not at its own place in the data file")
                    }
                } else {
                    count(entry.host, bytes: 1, "guest cluster \(cluster)")
                }
            } else {
                continue
            }
            if isActive { report.dataClusters += 1 }
        }
    }

    /// qcow2, "Bitmap directory" and "Bitmap table".
    private mutating func count(_ bitmaps: Qcow2BitmapDirectory) throws(Errno) {
        guard bitmaps.bytes <= 64 << 20, count(bitmaps.offset, bytes: bitmaps.bytes, "the bitmap directory") else {
            return corrupt("the bitmap directory makes no sense")
        }
        let directory = try file.bytes(at: bitmaps.offset, count: Int(bitmaps.bytes))
        var at = 0
        for index in 0..<bitmaps.count {
            guard let table = BigEndian.load(UInt64.self, directory, at),
                let entries = BigEndian.load(UInt32.self, directory, at + 8),
                let name = BigEndian.load(UInt16.self, directory, at + 18),
                let extra = BigEndian.load(UInt32.self, directory, at + 20),
                UInt64(entries) * 8 <= Qcow2Header.maximumL1Bytes,
                count(table, bytes: UInt64(entries) * 8, "a bitmap's table")
            else { return corrupt("bitmap \(index) makes no sense") }
            for entry in try Qcow2Refcounts.words(of: file, at: table, count: Int(entries))
            where entry & L2Entry.offsetMask != 0 {
                count(entry & L2Entry.offsetMask, bytes: 1, "a part of bitmap \(index)")
            }
            at += (24 + Int(extra) + Int(name) + 7) / 8 * 8
        }
    }

    // MARK: Comparing

    private mutating func compare(_ repair: Qcow2CheckReport.Repair) throws(Errno) {
        let refcounts = try Qcow2Refcounts(file, header, cacheBytes: 8 << 20)
        report.imageEnd = counts.end << geometry.clusterBits
        // What is counted too often.
        var seen: Set<UInt64> = []
        for block in refcounts.table.indices where refcounts.table[block] != 0 {
            guard seen.insert(refcounts.table[block]).inserted else {
                corrupt("refcount block \(block) is that of others too")
                continue
            }
            if (try? refcounts.isEmpty(block)) == true { continue }
            let first = UInt64(block) * refcounts.blockCount
            for cluster in first..<first + refcounts.blockCount {
                let count: UInt64
                do throws(Errno) { count = try refcounts.count(of: cluster) } catch {
                    corrupt("refcount block \(block) cannot be read")
                    break
                }
                let named = counts[cluster]
                guard count > named else { continue }
                if repair == .none {
                    report.leaks += 1
                    report.note("cluster \(cluster) is leaked: counted \(count) times, named \(named) times")
                } else {
                    try refcounts.set(cluster, named)
                    report.repairedLeaks += 1
                }
            }
            progress(0.8 + 0.1 * Double(block) / Double(refcounts.table.count))
        }
        // What is counted too seldom.
        var missing: [(cluster: UInt64, named: UInt64, count: UInt64)] = []
        try counts.forEach { (cluster, named) throws(Errno) in
            let count = (try? refcounts.count(of: cluster)) ?? 0
            if count < named { missing.append((cluster, named, count)) }
        }
        for (cluster, named, count) in missing {
            if repair == .all {
                try ensureBlock(for: cluster, refcounts)
                try refcounts.set(cluster, named)
                report.repairedCorruptions += 1
            } else {
                corrupt("cluster \(cluster) is counted \(count) times and named \(named) times")
            }
        }
        if repair != .none {
            try refcounts.store()
            try file.sync()
        }
        try compareFlags(repair)
        progress(1)
    }

    /// A repaired table may need a block where there was none: a free cluster of its own, or one behind all others.
    private mutating func ensureBlock(for cluster: UInt64, _ refcounts: Qcow2Refcounts) throws(Errno) {
        guard !refcounts.hasBlock(for: cluster) else { return }
        let first = cluster / refcounts.blockCount * refcounts.blockCount
        if let free = (first..<first + refcounts.blockCount).first(where: { counts[$0] == 0 }) {
            try refcounts.makeBlock(for: cluster, at: free)
            counts.add(free)
            return
        }
        let end = max(counts.end, geometry.clusters(file.bytes))
        if !refcounts.hasBlock(for: end) {
            try refcounts.makeBlock(for: end, at: end)
            counts.add(end)
            return try ensureBlock(for: cluster, refcounts)
        }
        try refcounts.set(end, 1)
        counts.add(end)
        try refcounts.makeBlock(for: cluster, at: end)
    }

    /// The flag that says "nobody else uses this" must be set exactly where a cluster is named once.
    private mutating func compareFlags(_ repair: Qcow2CheckReport.Repair) throws(Errno) {
        guard !geometry.hasDataFile else { return }
        let table = try Qcow2Refcounts.words(of: file, at: header.l1Offset, count: header.l1Count)
        for (index, entry) in table.enumerated() {
            let l2 = entry & L2Entry.offsetMask
            guard l2 != 0, l2 & geometry.clusterMask == 0, l2 < file.bytes else { continue }
            try compareFlag(entry, l2, at: header.l1Offset + UInt64(index) * 8, repair, "L2 table \(index)")
            let words = try Qcow2Refcounts.words(of: file, at: l2, count: Int(geometry.clusterBytes / 8))
            for place in 0..<(1 << Int(geometry.tableBits)) {
                let word = words[place * geometry.entryWords]
                let host = word & L2Entry.offsetMask
                guard word & L2Entry.compressed == 0, host != 0, host & geometry.clusterMask == 0 else { continue }
                let offset = l2 + UInt64(place * geometry.entryBytes)
                try compareFlag(word, host, at: offset, repair, "an entry of L2 table \(index)")
            }
        }
        if repair == .all { try file.sync() }
    }

    private mutating func compareFlag(
        _ entry: UInt64, _ host: UInt64, at offset: UInt64, _ repair: Qcow2CheckReport.Repair,
        _ what: @autoclosure () -> String
    ) throws(Errno) {
        let isSingle = counts[host >> geometry.clusterBits] == 1
        guard (entry & L2Entry.copied != 0) != isSingle else { return }
        if repair == .all {
            try file.write(BigEndian.bytes(entry ^ L2Entry.copied), at: offset)
            report.repairedCorruptions += 1
        } else {
            corrupt(
                "\(what()) \(isSingle ? "is not" : "is") marked as used once, but its cluster \(isSingle ? "is" : "is not")"
            )
        }
    }

    private mutating func clearMarks() throws(Errno) {
        let marks = Qcow2Feature.dirty | Qcow2Feature.corrupt
        guard report.isSound, header.version >= 3, header.incompatible & marks != 0 else { return }
        try file.write(BigEndian.bytes(header.incompatible & ~marks), at: 72)
        try file.sync()
    }
}
