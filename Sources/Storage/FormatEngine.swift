// SPDX-License-Identifier: Apache-2.0

public import Linux

/// A disk in a raw file or in a chain of images, one type for both: a device is compiled once.
@safe
public struct FormatEngine: ~Copyable, BlockEngine, @unchecked Sendable {
    // Exactly one of them; owned.
    private let raw: UnsafeMutablePointer<RawEngine<HostFiles>>?
    private let qcow2: UnsafeMutablePointer<Qcow2Engine<HostFiles>>?
    /// Every write is on stable storage when it completes, and the tables that name it are as well.
    private let writesThrough: Bool
    /// Most operations in flight.
    public let depth: Int
    /// A descriptor that is readable while completions wait, -1 when every operation completes in `submit`.
    public let completionEvent: Int32

    /// The engine of queue number `queue` of a raw disk on the first file.
    /// - Throws: `Errno` when the kernel has no descriptor or memory left.
    public init(raw engines: FileEngines, queue: Int) throws(Errno) {
        let engine = RawEngine(try engines.engine(queue))
        depth = engine.depth
        completionEvent = engine.completionEvent
        writesThrough = false
        unsafe raw = .allocate(capacity: 1)
        unsafe raw?.initialize(to: engine)
        unsafe qcow2 = nil
    }

    /// The engine of queue number `queue` of a chain whose files the engines are over.
    /// - Parameters:
    ///   - isShared: other queues serve the same chain.
    ///   - writesThrough: a write completes once it and what names it are on stable storage.
    /// - Throws: `Errno` when the kernel has no descriptor or memory left.
    public init(
        _ chain: ImageChain, _ engines: FileEngines, queue: Int, isShared: Bool, writesThrough: Bool
    ) throws(Errno) {
        let engine = try Qcow2Engine(chain, files: try engines.engine(queue), isShared: isShared)
        depth = engine.depth
        completionEvent = engine.completionEvent
        self.writesThrough = writesThrough
        unsafe raw = nil
        unsafe qcow2 = .allocate(capacity: 1)
        unsafe qcow2?.initialize(to: engine)
    }

    // SAFETY (all below): the memory is this value's own, from its beginning to its end.

    deinit {
        unsafe raw?.deinitialize(count: 1)
        unsafe raw?.deallocate()
        unsafe qcow2?.deinitialize(count: 1)
        unsafe qcow2?.deallocate()
    }

    /// Capacity and alignment of the disk.
    public var properties: ImageProperties {
        if let raw = unsafe raw { return unsafe raw.pointee.properties }
        guard let qcow2 = unsafe qcow2 else { preconditionFailure("An engine has a format") }
        return unsafe qcow2.pointee.properties
    }

    /// Starts one operation.
    @inline(__always)
    public mutating func submit(_ operation: BlockOperation, token: Int) -> BlockSubmission {
        if let raw = unsafe raw { return unsafe raw.pointee.submit(operation, token: token) }
        guard let qcow2 = unsafe qcow2 else { preconditionFailure("An engine has a format") }
        return unsafe qcow2.pointee.submit(writesThrough ? FormatEngine.durable(operation) : operation, token: token)
    }

    private static func durable(_ operation: BlockOperation) -> BlockOperation {
        switch operation {
        case .write(let span, let offset, let count, _): .write(span, at: offset, count: count, durable: true)
        case .writeZeroes(let offset, let count, let unmap, _):
            .writeZeroes(at: offset, count: count, unmap: unmap, durable: true)
        case .read, .flush, .discard: operation
        }
    }

    /// Hands everything submitted so far to the kernel.
    @inline(__always)
    public mutating func commit() {
        unsafe raw?.pointee.commit()
        unsafe qcow2?.pointee.commit()
    }

    /// Takes one completion; nil when none waits.
    @inline(__always)
    public mutating func nextCompletion() -> BlockCompletion? {
        if let raw = unsafe raw { return unsafe raw.pointee.nextCompletion() }
        return unsafe qcow2?.pointee.nextCompletion()
    }

    /// Waits until every operation in flight is complete.
    public mutating func drain() {
        unsafe raw?.pointee.drain()
        unsafe qcow2?.pointee.drain()
    }

    /// Looks at the disk's size again.
    /// - Throws: `Errno` of `fstat` or `ioctl`.
    public mutating func refresh() throws(Errno) {
        try unsafe raw?.pointee.refresh()
        try unsafe qcow2?.pointee.refresh()
    }
}
