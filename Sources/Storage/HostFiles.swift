// SPDX-License-Identifier: Apache-2.0

public import Linux

/// The engine that was chosen for a disk, one type for all of them: a device is compiled once.
@safe
public struct HostFiles: ~Copyable, FileEngine, @unchecked Sendable {
    /// Which it is.
    public let kind: FileEngineKind
    private let files: [ImageFile]
    // Exactly one of them, that of `kind`; owned.
    private let ring: UnsafeMutablePointer<RingFiles>?
    private let pool: UnsafeMutablePointer<PoolFiles>?
    private let blocking: UnsafeMutablePointer<BlockingFiles>?
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
        unsafe ring = nil
        unsafe pool = nil
        unsafe blocking = .allocate(capacity: 1)
        unsafe blocking?.initialize(to: engine)
    }

    /// An engine on a ring of its own.
    /// - Throws: `Errno` of `io_uring_setup` and its kin.
    init(_ files: [ImageFile], ringOf count: Int) throws(Errno) {
        let engine = try RingFiles(files, depth: count)
        kind = .ring
        depth = engine.depth
        completionEvent = engine.completionEvent
        self.files = files
        unsafe ring = .allocate(capacity: 1)
        unsafe ring?.initialize(to: engine)
        unsafe pool = nil
        unsafe blocking = nil
    }

    /// Engine number `number` of a pool.
    /// - Throws: `Errno` of `mmap`.
    init(_ files: [ImageFile], pool threads: IOPool, number: Int) throws(Errno) {
        let engine = try PoolFiles(threads, engine: number)
        kind = .pool
        depth = engine.depth
        completionEvent = engine.completionEvent
        self.files = files
        unsafe ring = nil
        unsafe pool = .allocate(capacity: 1)
        unsafe pool?.initialize(to: engine)
        unsafe blocking = nil
    }

    deinit {
        unsafe ring?.deinitialize(count: 1)
        unsafe ring?.deallocate()
        unsafe pool?.deinitialize(count: 1)
        unsafe pool?.deallocate()
        unsafe blocking?.deinitialize(count: 1)
        unsafe blocking?.deallocate()
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
        case .ring: answer = unsafe ring?.pointee.submit(operation, file: file, token: token)
        case .pool: answer = unsafe pool?.pointee.submit(operation, file: file, token: token)
        case .blocking: answer = unsafe blocking?.pointee.submit(operation, file: file, token: token)
        }
        // There is always an engine of this kind.
        return answer ?? .completed(Errno(code: 5, call: "submit"))
    }

    /// Carries one operation out before it returns.
    /// - Throws: `Errno` of the host's call.
    public mutating func perform(_ operation: BlockOperation, file: Int) throws(Errno) {
        switch kind {
        case .ring: try unsafe ring?.pointee.perform(operation, file: file)
        case .pool: try unsafe pool?.pointee.perform(operation, file: file)
        case .blocking: try unsafe blocking?.pointee.perform(operation, file: file)
        }
    }

    /// Hands everything submitted so far on.
    @inline(__always)
    public mutating func commit() {
        switch kind {
        case .ring: unsafe ring?.pointee.commit()
        case .pool: unsafe pool?.pointee.commit()
        case .blocking: break
        }
    }

    /// Takes one completion; nil when none waits.
    @inline(__always)
    public mutating func nextCompletion() -> BlockCompletion? {
        switch kind {
        case .ring: unsafe ring?.pointee.nextCompletion()
        case .pool: unsafe pool?.pointee.nextCompletion()
        case .blocking: nil
        }
    }

    /// Waits until every operation in flight is complete.
    public mutating func drain() {
        switch kind {
        case .ring: unsafe ring?.pointee.drain()
        case .pool: unsafe pool?.pointee.drain()
        case .blocking: break
        }
    }
}
