// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Linux

/// How many users each cluster of an image has; used by the holder of the image's lock.
///
/// A number in memory may be written at any time: what was counted up is in use only later, what was counted down is out
/// of use already. Whoever needs order calls `store` and syncs the file.
final class Qcow2Refcounts: @unchecked Sendable {
    private let file: any MetadataFile
    private let geometry: Qcow2Geometry
    private let order: UInt64
    /// log2 of the refcounts of a block.
    private let blockBits: UInt64
    /// Offsets of the blocks, 0 where there is none.
    private(set) var table: [UInt64]
    private(set) var tableOffset: UInt64
    private(set) var tableClusters: Int

    private let memory: Mapping
    private var keys: [Int]
    private var isDirty: [Bool]
    private var uses: [UInt64]
    private var clock: UInt64 = 0
    private var last = 0
    /// Whether a block differs from the file.
    private(set) var hasDirty = false
    /// No cluster below this one is free.
    private var hint: UInt64 = 0
    /// The first cluster behind all that were ever used: a file that has grown reads as zeros from here on.
    private(set) var freshFrom: UInt64
    /// Clusters that hold metadata, whatever their refcounts say.
    var metadata: Set<UInt64> = []

    /// Reads the refcount table.
    /// - Throws: `Errno` of `pread` or `mmap`.
    init(_ file: any MetadataFile, _ header: Qcow2Header, cacheBytes: Int) throws(Errno) {
        self.file = file
        let geometry = Qcow2Geometry(header)
        self.geometry = geometry
        order = UInt64(header.refcountOrder)
        blockBits = geometry.clusterBits + 3 - UInt64(header.refcountOrder)
        tableOffset = header.refcountTableOffset
        tableClusters = header.refcountTableClusters
        let count = header.refcountTableClusters << Int(geometry.clusterBits - 3)
        table = try Qcow2Refcounts.words(of: file, at: header.refcountTableOffset, count: count)
        let slots = max(4, min(64, cacheBytes >> Int(geometry.clusterBits)))
        memory = try Mapping(
            count: slots << Int(geometry.clusterBits), protection: PROT_READ | PROT_WRITE,
            flags: MAP_PRIVATE | MAP_ANONYMOUS)
        keys = Array(repeating: -1, count: slots)
        isDirty = Array(repeating: false, count: slots)
        uses = Array(repeating: 0, count: slots)
        freshFrom = file.canGrow ? geometry.clusters(file.bytes) : .max
    }

    /// Big-endian words of a file.
    static func words(of file: any MetadataFile, at offset: UInt64, count: Int) throws(Errno) -> [UInt64] {
        let bytes = try file.bytes(at: offset, count: count * 8)
        // SAFETY: the array holds `count` words.
        return unsafe bytes.withUnsafeBytes { p in
            guard let base = p.baseAddress else { return [] }
            return (0..<count).map { unsafe BigEndian.word(base, $0) }
        }
    }

    /// Refcounts of a block.
    var blockCount: UInt64 { 1 << blockBits }
    /// The largest refcount.
    private var maximum: UInt64 { order == 6 ? .max : (1 << (1 << order)) &- 1 }
    /// No cluster starts at or behind this one: L1 and L2 entries name 56 bits.
    private var limit: UInt64 { 1 << (56 &- geometry.clusterBits) }

    // MARK: Numbers

    /// A cluster's refcount.
    /// - Throws: `Errno` of `pread`; EIO where the table makes no sense.
    func count(of cluster: UInt64) throws(Errno) -> UInt64 {
        let block = cluster >> blockBits
        guard block < UInt64(table.count), table[Int(block)] != 0 else { return 0 }
        let slot = try load(Int(block))
        return get(slot, cluster & (blockCount &- 1))
    }

    /// Counts a cluster up by one.
    /// - Throws: `Errno`; EOVERFLOW when its refcount has no more room.
    func increase(_ cluster: UInt64) throws(Errno) {
        let value = try count(of: cluster)
        guard value < maximum else { throw Errno(code: EOVERFLOW, call: "refcount") }
        try set(cluster, value &+ 1)
    }

    /// Counts a cluster down by one and says whether it is free now. One that is free already stays so.
    /// - Throws: `Errno` of `pread`.
    func decrease(_ cluster: UInt64) throws(Errno) -> Bool {
        let value = try count(of: cluster)
        guard value > 0 else { return false }
        try set(cluster, value &- 1)
        if value == 1, cluster < hint { hint = cluster }
        return value == 1
    }

    /// Sets a refcount whose block exists.
    /// - Throws: `Errno`; EOVERFLOW for what a refcount cannot hold.
    func set(_ cluster: UInt64, _ value: UInt64) throws(Errno) {
        guard value <= maximum else { throw Errno(code: EOVERFLOW, call: "refcount") }
        guard hasBlock(for: cluster) else { throw Errno(code: EIO, call: "refcount") }
        put(try load(Int(cluster >> blockBits)), cluster & (blockCount &- 1), value)
    }

    /// Whether a block that exists counts nothing.
    /// - Throws: `Errno` of `pread`; EIO where the table makes no sense.
    func isEmpty(_ block: Int) throws(Errno) -> Bool {
        let base = unsafe base(try load(block))
        // SAFETY: a slot is a cluster. Where the first byte is zero and each equals the next, all are.
        return unsafe base.load(as: UInt8.self) == 0 && memcmp(base, base + 1, Int(geometry.clusterBytes) - 1) == 0
    }

    /// Whether there is a block for a cluster's refcount.
    func hasBlock(for cluster: UInt64) -> Bool {
        let block = cluster >> blockBits
        return block < UInt64(table.count) && table[Int(block)] != 0
    }

    /// Makes the block for a cluster's refcount in a cluster that nothing uses; where that is one of those it counts,
    /// it counts itself.
    /// - Throws: `Errno`.
    func makeBlock(for cluster: UInt64, at home: UInt64) throws(Errno) {
        let block = Int(cluster >> blockBits)
        if block >= table.count { try growTable(toHold: block) }
        if table[block] == 0 { try makeBlock(block, at: home) }
    }

    // MARK: Free clusters

    /// Takes a run of free clusters, `most` at most and 1 at least; their refcounts are 1.
    /// - Throws: `Errno`; EFBIG when there is no free cluster below 64 PiB; EIO where free clusters hold metadata.
    func allocate(atMost most: UInt64) throws(Errno) -> Range<UInt64> {
        var cluster = max(hint, 1)
        while true {
            guard cluster < limit else { throw Errno(code: EFBIG, call: "refcount") }
            let block = Int(cluster >> blockBits)
            if block >= table.count { try growTable(toHold: block) }
            if table[block] == 0 { try makeBlock(block, at: cluster) }
            let slot = try load(block)
            let end = min((UInt64(block) &+ 1) << blockBits, limit)
            while cluster < end, get(slot, cluster & (blockCount &- 1)) != 0 { cluster &+= 1 }
            guard cluster < end else { continue }
            var last = cluster
            while last < end, last &- cluster < most, get(slot, last & (blockCount &- 1)) == 0 {
                if metadata.contains(last) { throw Errno(code: EIO, call: "refcount") }
                put(slot, last & (blockCount &- 1), 1)
                last &+= 1
            }
            hint = last
            freshFrom = max(freshFrom, last)
            return cluster..<last
        }
    }

    /// Takes exactly `count` free clusters in a row, for a table.
    /// - Throws: `Errno`.
    func allocateRun(of count: UInt64) throws(Errno) -> Range<UInt64> {
        // A block that is made where clusters are taken would end every longer run.
        if count >= blockCount { return try allocateBehindAll(count) }
        let before = hint
        var run = try allocate(atMost: count)
        while run.upperBound &- run.lowerBound < count {
            let next = try allocate(atMost: count &- (run.upperBound &- run.lowerBound))
            if next.lowerBound == run.upperBound {
                run = run.lowerBound..<next.upperBound
            } else {
                for cluster in run { _ = try decrease(cluster) }
                hint = next.upperBound
                run = next
            }
        }
        // What was too short for this run is long enough for others.
        hint = before
        return run
    }

    /// Takes clusters behind all that are counted, and behind them the blocks that count both.
    private func allocateBehindAll(_ count: UInt64) throws(Errno) -> Range<UInt64> {
        let counted = (table.lastIndex { $0 != 0 } ?? -1) + 1
        let first = max(counted, Int(geometry.clusters(file.bytes) >> blockBits) + 1)
        let start = UInt64(first) << blockBits
        var blocks: UInt64 = 1
        while blocks << blockBits < count &+ blocks { blocks &+= 1 }
        guard start &+ count &+ blocks <= limit else { throw Errno(code: EFBIG, call: "refcount") }
        if first + Int(blocks) > table.count {
            // The larger table lies behind everything itself.
            try growTable(toHold: first + Int(blocks))
            return try allocateBehindAll(count)
        }
        let end = start &+ count &+ blocks
        try extend(to: end << geometry.clusterBits)
        var offsets: [UInt64] = []
        for index in 0..<blocks {
            offsets.append((start &+ count &+ index) << geometry.clusterBits)
            try write(countingBelow: end, first: start &+ index << blockBits, at: offsets[Int(index)])
        }
        // Nobody must find a block that is not there yet.
        try file.sync()
        try file.write(offsets.flatMap { BigEndian.bytes($0) }, at: tableOffset &+ UInt64(first) &* 8)
        for (index, offset) in offsets.enumerated() { table[first + index] = offset }
        metadata.formUnion(start &+ count..<end)
        freshFrom = max(freshFrom, end)
        return start..<start &+ count
    }

    /// Writes a block that counts one user for each of its clusters below `end`.
    private func write(countingBelow end: UInt64, first: UInt64, at offset: UInt64) throws(Errno) {
        var content = [UInt8](repeating: 0, count: Int(geometry.clusterBytes))
        for index in 0..<min(max(end, first) &- first, blockCount) {
            Qcow2Refcounts.put(&content, index, 1, order)
        }
        try file.write(content, at: offset)
    }

    // MARK: Blocks

    private func makeBlock(_ block: Int, at cluster: UInt64) throws(Errno) {
        guard !metadata.contains(cluster) else { throw Errno(code: EIO, call: "refcount") }
        let offset = cluster << geometry.clusterBits
        let slot = try room()
        // SAFETY: a slot is a cluster.
        unsafe base(slot).initializeMemory(as: UInt8.self, repeating: 0, count: Int(geometry.clusterBytes))
        keys[slot] = block
        uses[slot] = clock
        last = slot
        if cluster >> blockBits == UInt64(block) { put(slot, cluster & (blockCount &- 1), 1) }
        do throws(Errno) {
            try extend(to: offset &+ geometry.clusterBytes)
            try write(slot, at: offset)
            // Nobody must find a block that is not there yet.
            try file.sync()
            try file.write(BigEndian.bytes(offset), at: tableOffset &+ UInt64(block) &* 8)
        } catch {
            keys[slot] = -1
            isDirty[slot] = false
            throw error
        }
        isDirty[slot] = false
        table[block] = offset
        freshFrom = max(freshFrom, cluster &+ 1)
        metadata.insert(cluster)
    }

    private func extend(to end: UInt64) throws(Errno) {
        if file.bytes < end { try file.resize(to: end) }
    }

    /// Moves the table to where nothing is counted yet, with blocks that count it, and has the header name it.
    private func growTable(toHold block: Int) throws(Errno) {
        let perCluster = 1 << Int(geometry.clusterBits - 3)
        let first = UInt64(table.count) << blockBits
        let needed = max(block + 1, table.count + table.count / 2)
        var clusters = (needed + perCluster - 1) / perCluster
        var blocks: UInt64 = 1
        while true {
            let covered = blocks << blockBits
            let lastBlock = table.count + Int(blocks)
            if lastBlock > clusters * perCluster {
                clusters = (lastBlock + perCluster - 1) / perCluster
            } else if covered < UInt64(clusters) + blocks {
                blocks += 1
            } else {
                break
            }
        }
        let bytes = UInt64(clusters) << geometry.clusterBits
        let end = first + UInt64(clusters) + blocks
        guard bytes <= max(Qcow2Header.maximumRefcountTableBytes, geometry.clusterBytes), end <= limit else {
            throw Errno(code: EFBIG, call: "refcount table")
        }
        let offset = first << geometry.clusterBits
        try extend(to: end << geometry.clusterBits)
        var grown = table + Array(repeating: 0, count: clusters * perCluster - table.count)
        for index in 0..<blocks {
            let cluster = first + UInt64(clusters) + index
            grown[table.count + Int(index)] = cluster << geometry.clusterBits
            try write(countingBelow: end, first: first + index << blockBits, at: cluster << geometry.clusterBits)
        }
        try file.write(grown.flatMap { BigEndian.bytes($0) }, at: offset)
        try file.sync()
        // Offset and length lie in one sector.
        try file.write(BigEndian.bytes(offset) + BigEndian.bytes(UInt32(clusters)), at: 48)
        try file.sync()
        let old = tableOffset >> geometry.clusterBits
        let oldClusters = UInt64(tableClusters)
        table = grown
        tableOffset = offset
        tableClusters = clusters
        freshFrom = max(freshFrom, end)
        metadata.formUnion(first..<end)
        metadata.subtract(old..<old + oldClusters)
        for cluster in old..<old + oldClusters { _ = try decrease(cluster) }
    }

    private func load(_ block: Int) throws(Errno) -> Int {
        clock &+= 1
        if keys[last] == block {
            uses[last] = clock
            return last
        }
        if let slot = keys.firstIndex(of: block) {
            uses[slot] = clock
            last = slot
            return slot
        }
        let offset = table[block]
        guard offset & (geometry.clusterMask | 0x1FF) == 0, offset >> geometry.clusterBits < limit,
            offset < file.bytes
        else { throw Errno(code: EIO, call: "refcount block") }
        let slot = try room()
        // SAFETY: a slot is a cluster.
        try unsafe file.read(
            UnsafeMutableRawBufferPointer(start: base(slot), count: Int(geometry.clusterBytes)), at: offset)
        keys[slot] = block
        uses[slot] = clock
        last = slot
        return slot
    }

    /// A slot to be filled: the one that was used longest ago, written first if need be.
    private func room() throws(Errno) -> Int {
        var oldest = 0
        for slot in keys.indices where uses[slot] < uses[oldest] || keys[slot] < 0 {
            oldest = slot
            if keys[slot] < 0 { break }
        }
        if isDirty[oldest] { try write(oldest, at: table[keys[oldest]]) }
        isDirty[oldest] = false
        keys[oldest] = -1
        return oldest
    }

    /// Writes every block that differs from the file.
    /// - Throws: `Errno` of `pwrite`.
    func store() throws(Errno) {
        guard hasDirty else { return }
        for slot in keys.indices where isDirty[slot] {
            try write(slot, at: table[keys[slot]])
            isDirty[slot] = false
        }
        hasDirty = false
    }

    private func write(_ slot: Int, at offset: UInt64) throws(Errno) {
        // SAFETY: a slot is a cluster.
        try unsafe file.write(
            UnsafeRawBufferPointer(start: base(slot), count: Int(geometry.clusterBytes)), at: offset)
    }

    // MARK: Bits

    private func base(_ slot: Int) -> UnsafeMutableRawPointer {
        unsafe memory.base + slot << Int(geometry.clusterBits)
    }

    private func get(_ slot: Int, _ index: UInt64) -> UInt64 {
        // SAFETY: `index` is below the refcounts of a block, and a slot is a block.
        let base = unsafe base(slot)
        let at = Int((index << order) >> 3)
        switch order {
        case 0, 1, 2:
            let shift = (index << order) & 7
            return unsafe UInt64(base.load(fromByteOffset: at, as: UInt8.self)) >> shift & maximum
        case 3: return unsafe UInt64(base.load(fromByteOffset: at, as: UInt8.self))
        case 4: return unsafe UInt64(UInt16(bigEndian: base.load(fromByteOffset: at, as: UInt16.self)))
        case 5: return unsafe UInt64(UInt32(bigEndian: base.load(fromByteOffset: at, as: UInt32.self)))
        default: return unsafe UInt64(bigEndian: base.load(fromByteOffset: at, as: UInt64.self))
        }
    }

    private func put(_ slot: Int, _ index: UInt64, _ value: UInt64) {
        // SAFETY: as in `get`.
        unsafe Qcow2Refcounts.put(base(slot), index, value, order)
        isDirty[slot] = true
        hasDirty = true
    }
}
