// SPDX-License-Identifier: Apache-2.0

public import Linux

/// What a worker's thread does with the queues it was given: made, used and dropped on that thread alone.
public protocol QueueWork: ~Copyable, SendableMetatype {
    /// The driver kicked a queue, or it is time to look at it: after `start` and `resume` every queue is looked at.
    ///
    /// Return after a bounded number of chains, having signalled the queue's own kick eventfd when there may be more: a
    /// guest that never stops kicking must not keep `pause` and `stop` waiting.
    /// - Parameter queue: its `QueueSetup.index`.
    mutating func kicked(queue: Int)
    /// Whether the worker waits for this queue's kicks; one that the kernel serves (vhost) is only looked at after `start`
    /// and `resume`.
    borrowing func watchesKicks(of queue: Int) -> Bool
    /// A descriptor that was added to the worker's `EventSet` is ready.
    mutating func ready(token: UInt64, readiness: Readiness)
    /// Ends all requests in flight and publishes them; afterwards nothing touches guest memory until the next `kicked`.
    mutating func quiesce()
    /// How far each queue has got; asked for after `quiesce`.
    borrowing func positions() -> [QueuePosition]
}

extension QueueWork where Self: ~Copyable {
    /// Every queue's.
    public borrowing func watchesKicks(of queue: Int) -> Bool { true }
}
