// SPDX-License-Identifier: Apache-2.0

public import Linux

/// One operation on an image; offsets and counts are bytes. Vectors stay valid until it completes.
@safe
public enum BlockOperation: Sendable {
    /// Fills the vectors; `count` is their length in bytes.
    case read(IOSpan, at: UInt64, count: UInt64)
    /// Stores the vectors; `durable` completes only when they are on stable storage.
    case write(IOSpan, at: UInt64, count: UInt64, durable: Bool)
    /// Puts every completed write on stable storage.
    case flush
    /// Forgets a range.
    case discard(at: UInt64, count: UInt64)
    /// Makes a range zeros; `unmap` allows its space to be given back.
    case writeZeroes(at: UInt64, count: UInt64, unmap: Bool, durable: Bool)
}

/// What became of a submitted operation.
public enum BlockSubmission: Sendable {
    /// It is done; nil means well.
    case completed(Errno?)
    /// It goes on; `nextCompletion` will name its token.
    case queued
}

/// The end of a queued operation.
public struct BlockCompletion: Sendable {
    /// What `submit` was given.
    public let token: Int
    /// nil means well.
    public let failure: Errno?

    /// The end of the operation with this token.
    public init(token: Int, failure: Errno?) {
        self.token = token
        self.failure = failure
    }
}

/// Carries out operations on an image for one worker thread, at once or in the background.
///
/// The worker submits a batch, calls `commit` once, and asks for completions whenever `completionEvent` is readable.
/// Operations of one batch may complete in any order; an engine that needs one for a flush keeps it itself.
public protocol BlockEngine: ~Copyable, Sendable {
    /// Capacity and alignment of the image.
    var properties: ImageProperties { get }
    /// Most operations in flight; at least 1. The worker submits no more.
    var depth: Int { get }
    /// A descriptor that is readable while completions wait, -1 when every operation completes in `submit`.
    var completionEvent: Int32 { get }
    /// Starts one operation; `token` is below `depth` and not in flight.
    mutating func submit(_ operation: BlockOperation, token: Int) -> BlockSubmission
    /// Hands everything submitted so far to the kernel.
    mutating func commit()
    /// Takes one completion; nil when none waits.
    mutating func nextCompletion() -> BlockCompletion?
    /// Waits until every operation in flight is complete, so that `nextCompletion` has them all.
    mutating func drain()
    /// Looks at the image's size again.
    /// - Throws: `Errno` of `fstat` or `ioctl`.
    mutating func refresh() throws(Errno)
}
