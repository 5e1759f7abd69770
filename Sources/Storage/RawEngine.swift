// SPDX-License-Identifier: Apache-2.0

public import Linux

/// A raw disk: the bytes of file 0 are the disk's bytes.
public struct RawEngine<Files: FileEngine & ~Copyable>: ~Copyable, BlockEngine {
    private var files: Files

    /// A disk on the first file of an engine's table.
    public init(_ files: consuming Files) { self.files = files }

    /// Capacity and alignment of the file.
    public var properties: ImageProperties { files.properties(of: 0) }
    /// As many as the files' engine takes.
    public var depth: Int { files.depth }
    /// That of the files' engine.
    public var completionEvent: Int32 { files.completionEvent }

    /// Passes the operation on.
    @inline(__always)
    public mutating func submit(_ operation: BlockOperation, token: Int) -> BlockSubmission {
        files.submit(operation, file: 0, token: token)
    }

    /// Hands everything submitted so far to the kernel.
    @inline(__always)
    public mutating func commit() { files.commit() }

    /// Takes one completion; nil when none waits.
    @inline(__always)
    public mutating func nextCompletion() -> BlockCompletion? { files.nextCompletion() }

    /// Waits until every operation in flight is complete.
    public mutating func drain() { files.drain() }

    /// Looks at the file's size again.
    /// - Throws: `Errno` of `fstat` or `ioctl`.
    public mutating func refresh() throws(Errno) { try files.refresh(file: 0) }
}
