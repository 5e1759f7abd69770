// SPDX-License-Identifier: Apache-2.0

public import Linux
import Synchronization

/// The descriptors a worker's thread waits for, beside its queues' kicks.
///
/// What is still in the set when the work stops is taken out by the worker.
public final class EventSet: Sendable {
    /// Tokens from here on belong to the worker itself.
    public static let firstReservedToken: UInt64 = 1 << 63
    let epoll: Epoll
    private let added = Mutex<[Int32]>([])

    init() throws(Errno) { epoll = try Epoll(capacity: 32) }

    /// Starts watching a descriptor; `QueueWork.ready` is called with the token, which must be below
    /// `firstReservedToken`.
    /// - Throws: `Errno` of `epoll_ctl`; EINVAL for a reserved token.
    public func add(_ raw: Int32, _ interest: Readiness, token: UInt64) throws(Errno) {
        guard token < EventSet.firstReservedToken else { throw Errno(code: 22, call: "epoll_ctl") }
        try insert(raw, interest, token: token)
    }

    /// Changes what a descriptor is watched for.
    /// - Throws: `Errno` of `epoll_ctl`; EINVAL for a reserved token.
    public func change(_ raw: Int32, _ interest: Readiness, token: UInt64) throws(Errno) {
        guard token < EventSet.firstReservedToken else { throw Errno(code: 22, call: "epoll_ctl") }
        try epoll.change(raw, interest, token: token)
    }

    /// Stops watching a descriptor; one that is not watched is no error.
    public func remove(_ raw: Int32) {
        added.withLock { all in all.removeAll { $0 == raw } }
        epoll.remove(raw)
    }

    func insert(_ raw: Int32, _ interest: Readiness, token: UInt64) throws(Errno) {
        try epoll.add(raw, interest, token: token)
        added.withLock { $0.append(raw) }
    }

    func removeAll() {
        let all = added.withLock { all in
            defer { all = [] }
            return all
        }
        for raw in all { epoll.remove(raw) }
    }
}
