// SPDX-License-Identifier: Apache-2.0

internal import CLinux
public import Linux

/// A disk opened by its path, raw or qcow2, read and written while the caller waits: for tools.
public struct OpenDisk: ~Copyable {
    private var raw: RawEngine<BlockingFiles>?
    private var engine: Qcow2Engine<BlockingFiles>?
    private let chain: ImageChain?
    private let file: ImageFile
    /// How the bytes lie in the file.
    public let format: ImageChain.Part.Format

    /// Opens an image with all that lies below it.
    /// - Throws: `ImageError`, `Qcow2Error` or `Errno`.
    public init(_ path: String, readOnly: Bool, format: ImageChain.Part.Format? = nil) throws {
        let parts = try ImageLocator.open(path, readOnly: readOnly, format: format)
        if parts[0].format == .qcow2 {
            let chain = try ImageChain(parts, readOnly: readOnly)
            try self.init(chain, parts[0].file)
        } else {
            try self.init(raw: parts[0].file)
        }
    }

    private init(raw file: ImageFile) throws {
        let files = try BlockingFiles([file])
        chain = nil
        self.file = file
        format = .raw
        engine = nil
        raw = RawEngine(files)
    }

    private init(_ chain: ImageChain, _ file: ImageFile) throws {
        let engine: Qcow2Engine<BlockingFiles>? = .some(try Qcow2Engine(chain, files: try BlockingFiles(chain.files)))
        self.chain = chain
        self.file = file
        format = .qcow2
        raw = nil
        self.engine = consume engine
    }

    /// The image on top; nil for a raw disk.
    public var image: Qcow2Image? { chain?.image }

    /// Size in bytes.
    public var capacity: UInt64 { chain?.image.capacity ?? file.properties.capacity }

    /// Carries an operation out.
    /// - Throws: `Errno`.
    public mutating func perform(_ operation: BlockOperation) throws(Errno) {
        let submission = raw?.submit(operation, token: 0) ?? engine?.submit(operation, token: 0)
        if case .completed(let failure?) = submission { throw failure }
    }

    /// Whether the bytes at `offset` are zeros without being read, and how many of at most `count` are alike.
    /// - Throws: `Errno`.
    public mutating func extent(at offset: UInt64, count: UInt64) throws(Errno) -> (isZero: Bool, count: UInt64) {
        guard let chain else { return try hole(file, offset, count) }
        switch try engine?.place(of: offset, count: count) ?? .zeros(count: count) {
        case .zeros(let count): return (true, count)
        case .compressed(_, _, _, let count): return (false, count)
        case .stored(let index, let at, let count):
            guard index < chain.files.count else { return (false, count) }
            return try hole(chain.files[index], at, count)
        }
    }

    /// What the file system says of a range.
    private func hole(_ file: ImageFile, _ offset: UInt64, _ count: UInt64) throws(Errno) -> (Bool, UInt64) {
        guard file.kind == .regular, let at = Int64(exactly: offset) else { return (false, count) }
        if offset >= file.bytes { return (true, count) }
        let data = clinux_lseek(file.descriptor.raw, at, CLINUX_SEEK_DATA)
        // Nothing but a hole up to the end.
        if data == -Int(ENXIO) { return (true, count) }
        guard data >= 0 else { return (false, count) }
        if data > at { return (true, min(count, UInt64(data - Int(at)))) }
        let hole = clinux_lseek(file.descriptor.raw, at, CLINUX_SEEK_HOLE)
        return hole > at ? (false, min(count, UInt64(hole - Int(at)))) : (false, count)
    }

    /// Makes the disk larger or smaller.
    /// - Throws: `Errno`.
    public mutating func resize(to bytes: UInt64) throws(Errno) {
        let old = capacity
        guard let chain else {
            guard file.kind == .regular else { throw Errno(code: EINVAL, call: "ftruncate") }
            guard let length = Int64(exactly: bytes) else { throw Errno(code: EFBIG, call: "ftruncate") }
            try file.descriptor.truncate(to: length)
            return try file.refresh()
        }
        let mask = chain.image.geometry.clusterMask
        if bytes < old {
            // The rest of the last cluster must not come back when the disk grows again.
            let end = min((bytes | mask) &+ 1, old)
            if bytes & mask != 0 { try zero(bytes..<end) }
            return try chain.image.shrink(to: bytes)
        }
        try chain.grow(to: bytes)
    }

    private mutating func zero(_ range: Range<UInt64>) throws(Errno) {
        try perform(
            .writeZeroes(
                at: range.lowerBound, count: range.upperBound - range.lowerBound, unmap: false, durable: true))
    }

    /// Puts everything into the file.
    /// - Throws: `Errno`.
    public mutating func close() throws(Errno) {
        try perform(.flush)
        try chain?.image.close()
    }
}
