// SPDX-License-Identifier: Apache-2.0

public import Linux

/// Does every operation in `submit`, on the caller's thread: one system call a request and no hand-over.
public struct BlockingFiles: ~Copyable, FileEngine {
    private let files: FileTable
    private let bounce: BounceBuffer

    /// An engine over these files.
    /// - Throws: `Errno` of `mmap`.
    public init(_ files: [ImageFile]) throws(Errno) {
        bounce = try BounceBuffer()
        self.files = FileTable(files)
    }

    /// One at a time.
    public var depth: Int { 1 }
    /// None: everything completes in `submit`.
    public var completionEvent: Int32 { -1 }
    /// Number of files in the table.
    public var fileCount: Int { files.count }

    /// Capacity and alignment of a file.
    public func properties(of file: Int) -> ImageProperties { files.with(file) { $0.properties } }

    /// Does the operation.
    @inline(__always)
    public mutating func submit(_ operation: BlockOperation, file: Int, token: Int) -> BlockSubmission {
        do throws(Errno) {
            try perform(operation, file: file)
            return .completed(nil)
        } catch {
            return .completed(error)
        }
    }

    /// Does the operation.
    /// - Throws: `Errno` of the host's call.
    @inline(__always)
    public mutating func perform(_ operation: BlockOperation, file: Int) throws(Errno) {
        try files.with(file) { file throws(Errno) in try file.perform(operation, bounce) }
    }

    /// Nothing waits to be handed on.
    public mutating func commit() {}
    /// Nothing completes later.
    public mutating func nextCompletion() -> BlockCompletion? { nil }
    /// Nothing is in flight.
    public mutating func drain() {}
    /// Looks at a file's size again.
    /// - Throws: `Errno` of `fstat` or `ioctl`.
    public mutating func refresh(file: Int) throws(Errno) {
        try files.with(file) { file throws(Errno) in try file.refresh() }
    }
}
