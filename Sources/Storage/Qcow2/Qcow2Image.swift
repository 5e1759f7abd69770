// SPDX-License-Identifier: Apache-2.0

internal import Linux
import Synchronization

/// A qcow2 image: where each byte of its disk lies, shared by all engines that serve it.
///
/// Readers ask `lookup` without a lock. Whatever reads or changes tables holds `lock`; such calls end in `Locked` or say
/// so. What the guest was told to be flushed is in the file after a power cut, and at worst some clusters are lost:
/// - data are in the file before the L2 entry that names them (`store` syncs before it writes tables);
/// - a cluster's refcount is in the file before a table names the cluster;
/// - a cluster is counted down, and used for something else, only once no table in the file names it and every
///   operation that may have found it is over (`Limbo`).
public final class Qcow2Image: @unchecked Sendable {
    /// What errors call it.
    public let name: String
    /// Nothing may be written.
    public let isReadOnly: Bool
    let file: any MetadataFile
    let dataFile: (any MetadataFile)?
    let geometry: Qcow2Geometry
    let cache: L2Cache
    let refcounts: Qcow2Refcounts?
    let lock = Mutex<Void>(())

    /// How compressed clusters are compressed.
    let compression: Qcow2Compression
    /// Size of the disk in bytes.
    let size: Atomic<UInt64>
    /// A table in memory says what the file does not.
    let needsStore = Atomic<Bool>(false)
    /// Advances when clusters leave all tables; see `Limbo`.
    let epoch = Atomic<UInt64>(1)
    /// Set when metadata were found that make no sense: nothing is written any more.
    let isBroken = Atomic<Bool>(false)
    /// Advances when a write is linked or given up that somebody waits for.
    let links = Gate()

    // Guarded by `lock`.
    var header: Qcow2Header
    var l1: [UInt64]
    var dirtyL1: Range<Int>?
    var limbo = Limbo()
    var pending: [PendingWrite] = []
    var engines: [EngineEpochs] = []
    /// Whether anything lies below this image.
    var hasBacking: Bool
    /// Whether the file was made longer than its clusters need.
    var isGrown = false

    /// The header as it is now.
    public var currentHeader: Qcow2Header { lock.withLock { _ in header } }
    /// Size of the disk in bytes.
    public var capacity: UInt64 { size.load(ordering: .relaxed) }

    /// Reads and judges an image's header and tables.
    /// - Parameters:
    ///   - dataFile: the external data file, for images that have one.
    ///   - cacheBytes: most memory for L2 tables.
    ///   - repairsDirty: rebuilds the refcounts of an image that was not closed, before it is written.
    /// - Throws: `Qcow2Error`.
    public init(
        _ file: any MetadataFile, dataFile: (any MetadataFile)? = nil, name: String, readOnly: Bool,
        cacheBytes: Int = 32 << 20, repairsDirty: Bool = true
    ) throws(Qcow2Error) {
        var header = try Qcow2Image.readHeader(of: file, name: name)
        if header.hasDataFile && dataFile == nil {
            throw Qcow2Error(name, "keeps its data in a file of its own (\(header.dataFile ?? "unnamed")); pass it too")
        }
        if !header.hasDataFile && dataFile != nil {
            throw Qcow2Error(name, "keeps its data itself; pass no data file")
        }
        if !readOnly { try Qcow2Image.prepareForWriting(file, &header, name, repairsDirty: repairsDirty) }
        let geometry = Qcow2Geometry(header)
        do throws(Errno) {
            l1 = try Qcow2Refcounts.words(of: file, at: header.l1Offset, count: header.l1Count)
            cache = try L2Cache(geometry, size: header.size, bytes: cacheBytes)
            refcounts = readOnly ? nil : try Qcow2Refcounts(file, header, cacheBytes: 4 << 20)
        } catch { throw Qcow2Error(name, "cannot be read (\(error))") }
        self.geometry = geometry
        self.name = name
        self.file = file
        self.dataFile = dataFile
        self.header = header
        isReadOnly = readOnly
        compression = header.compression
        size = Atomic(header.size)
        hasBacking = header.backing != nil
        guard !readOnly else { return }
        try claimMetadata()
    }

    deinit { if !isReadOnly { try? close() } }

    static func readHeader(of file: any MetadataFile, name: String) throws(Qcow2Error) -> Qcow2Header {
        let bytes: [UInt8]
        do throws(Errno) {
            // The whole first cluster, whose size is in its first bytes.
            let start = try file.bytes(at: 0, count: 24)
            let bits = min(max(BigEndian.load(UInt32.self, start, 20) ?? 9, 9), 21)
            bytes = try file.bytes(at: 0, count: Int(min(1 << UInt64(bits), file.bytes)))
        } catch { throw Qcow2Error(name, "cannot be read (\(error))") }
        return try Qcow2Header.parse(bytes, of: name)
    }
}
