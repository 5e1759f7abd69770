// SPDX-License-Identifier: Apache-2.0

public import Linux

/// Does every operation in `submit`, on the caller's thread.
///
/// One system call a request and no hand-over: the shortest way for an image in the page cache. Depth is 1, so a device
/// needs the storage of one request.
public struct SynchronousEngine<Image: BlockImage & ~Copyable>: ~Copyable, BlockEngine {
    private var image: Image

    /// An engine over an image.
    public init(_ image: consuming Image) { self.image = image }

    /// Capacity and alignment of the image.
    public var properties: ImageProperties { image.properties }
    /// One at a time.
    public var depth: Int { 1 }
    /// None: everything completes in `submit`.
    public var completionEvent: Int32 { -1 }

    /// Does the operation.
    @inline(__always)
    public mutating func submit(_ operation: BlockOperation, token: Int) -> BlockSubmission {
        do throws(Errno) {
            switch operation {
            case .read(let vectors, let offset, _): try image.read(vectors, at: offset)
            case .write(let vectors, let offset, _, let durable):
                try image.write(vectors, at: offset)
                if durable { try image.flush() }
            case .flush: try image.flush()
            case .discard(let offset, let count): try image.discard(at: offset, count: count)
            case .writeZeroes(let offset, let count, let unmap, let durable):
                try image.writeZeroes(at: offset, count: count, unmap: unmap)
                if durable { try image.flush() }
            }
            return .completed(nil)
        } catch {
            return .completed(error)
        }
    }

    /// Nothing waits to be handed on.
    public mutating func commit() {}
    /// Nothing completes later.
    public mutating func nextCompletion() -> BlockCompletion? { nil }
    /// Nothing is in flight.
    public mutating func drain() {}
    /// Looks at the image's size again.
    /// - Throws: `Errno` of `fstat` or `ioctl`.
    public mutating func refresh() throws(Errno) { try image.refresh() }
}
