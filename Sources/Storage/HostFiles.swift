// SPDX-License-Identifier: Apache-2.0

public import Linux

/// The engine that was chosen for a disk, one type for all of them: a device is compiled once.
public struct HostFiles: ~Copyable, FileEngine {
    /// Which it is.
    public let kind: FileEngineKind
    private let files: [ImageFile]
    private var ring: RingFiles?
    private var pool: PoolFiles?
    private var blocking: BlockingFiles?
    /// Most operations in flight.
    public let depth: Int
    /// A descriptor that is readable while completions wait, -1 when every operation completes in `submit`.
    public let completionEvent: Int32

    /// An engine that waits on the caller's thread.
    /// - Throws: `Errno` of `mmap`.
    public init(_ files: [ImageFile]) throws(Errno) {
        let engine = try BlockingFiles(files)
        kind = .blocking
        depth = engine.depth
        completionEvent = -1
        self.files = files
        ring = nil
        pool = nil
        blocking = .some(engine)
    }

    init(_ files: [ImageFile], ring engine: consuming RingFiles) {
        kind = .ring
        depth = engine.depth
        completionEvent = engine.completionEvent
        self.files = files
        ring = .some(engine)
        pool = nil
        blocking = nil
    }

    init(_ files: [ImageFile], pool engine: consuming PoolFiles) {
        kind = .pool
        depth = engine.depth
        completionEvent = engine.completionEvent
        self.files = files
        ring = nil
        pool = .some(engine)
        blocking = nil
    }

    /// Number of files in the table.
    public var fileCount: Int { files.count }
    /// Capacity and alignment of a file.
    public func properties(of file: Int) -> ImageProperties { files[file].properties }
    /// Looks at a file's size again.
    /// - Throws: `Errno` of `fstat` or `ioctl`.
    public mutating func refresh(file: Int) throws(Errno) { try files[file].refresh() }

    /// Starts one operation.
    @inline(__always)
    public mutating func submit(_ operation: BlockOperation, file: Int, token: Int) -> BlockSubmission {
        let answer: BlockSubmission?
        switch kind {
        case .ring: answer = ring?.submit(operation, file: file, token: token)
        case .pool: answer = pool?.submit(operation, file: file, token: token)
        case .blocking: answer = blocking?.submit(operation, file: file, token: token)
        }
        // There is always an engine of this kind.
        return answer ?? .completed(Errno(code: 5, call: "submit"))
    }

    /// Carries one operation out before it returns.
    /// - Throws: `Errno` of the host's call.
    public mutating func perform(_ operation: BlockOperation, file: Int) throws(Errno) {
        switch kind {
        case .ring: try ring?.perform(operation, file: file)
        case .pool: try pool?.perform(operation, file: file)
        case .blocking: try blocking?.perform(operation, file: file)
        }
    }

    /// Hands everything submitted so far on.
    @inline(__always)
    public mutating func commit() {
        switch kind {
        case .ring: ring?.commit()
        case .pool: pool?.commit()
        case .blocking: break
        }
    }

    /// Takes one completion; nil when none waits.
    @inline(__always)
    public mutating func nextCompletion() -> BlockCompletion? {
        switch kind {
        case .ring: ring?.nextCompletion()
        case .pool: pool?.nextCompletion()
        case .blocking: nil
        }
    }

    /// Waits until every operation in flight is complete.
    public mutating func drain() {
        switch kind {
        case .ring: ring?.drain()
        case .pool: pool?.drain()
        case .blocking: break
        }
    }
}
