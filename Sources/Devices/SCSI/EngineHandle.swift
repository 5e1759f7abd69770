// SPDX-License-Identifier: Apache-2.0

internal import Linux
public import Storage

/// An engine of any kind, so that units over different images can hang on one controller.
///
/// As with the engine itself, one thread at a time uses it.
@safe
public class EngineHandle: @unchecked Sendable {
    fileprivate init() {}

    /// Takes an engine over.
    public static func holding<Engine: BlockEngine & ~Copyable>(_ engine: consuming Engine) -> EngineHandle {
        Holder(engine)
    }

    /// Capacity and alignment of the image.
    var properties: ImageProperties { preconditionFailure("a holder says") }
    var depth: Int { preconditionFailure("a holder says") }
    var completionEvent: Int32 { preconditionFailure("a holder says") }
    func submit(_ operation: BlockOperation, token: Int) -> BlockSubmission { preconditionFailure("a holder does") }
    func commit() {}
    func nextCompletion() -> BlockCompletion? { nil }
    func drain() {}
    func refresh() throws(Errno) {}

    @safe
    private final class Holder<Engine: BlockEngine & ~Copyable>: EngineHandle, @unchecked Sendable {
        // SAFETY: one thread at a time, see above; a pointer because no check of exclusive access is needed then.
        private let engine: UnsafeMutablePointer<Engine>

        init(_ engine: consuming Engine) {
            unsafe self.engine = .allocate(capacity: 1)
            unsafe self.engine.initialize(to: engine)
            super.init()
        }

        deinit {
            unsafe engine.deinitialize(count: 1)
            unsafe engine.deallocate()
        }

        override var properties: ImageProperties { unsafe engine.pointee.properties }
        override var depth: Int { unsafe engine.pointee.depth }
        override var completionEvent: Int32 { unsafe engine.pointee.completionEvent }
        override func submit(_ operation: BlockOperation, token: Int) -> BlockSubmission {
            unsafe engine.pointee.submit(operation, token: token)
        }
        override func commit() { unsafe engine.pointee.commit() }
        override func nextCompletion() -> BlockCompletion? { unsafe engine.pointee.nextCompletion() }
        override func drain() { unsafe engine.pointee.drain() }
        override func refresh() throws(Errno) { try unsafe engine.pointee.refresh() }
    }
}
