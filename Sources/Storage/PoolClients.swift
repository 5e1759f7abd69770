// SPDX-License-Identifier: Apache-2.0

internal import Linux

/// What a pool shares with each of its engines, by the engine's number.
@safe
struct PoolClients: ~Copyable, @unchecked Sendable {
    let count: Int
    let depth: Int
    private let clients: UnsafeMutablePointer<PoolClient>

    init(_ files: [ImageFile], engines: Int, depth: Int) throws(Errno) {
        let clients = UnsafeMutablePointer<PoolClient>.allocate(capacity: engines)
        var made = 0
        do throws(Errno) {
            while made < engines {
                unsafe (clients + made).initialize(to: try PoolClient(files, depth: depth))
                made += 1
            }
        } catch {
            unsafe clients.deinitialize(count: made)
            unsafe clients.deallocate()
            throw error
        }
        unsafe self.clients = clients
        count = engines
        self.depth = depth
    }

    deinit {
        unsafe clients.deinitialize(count: count)
        unsafe clients.deallocate()
    }

    @inline(__always)
    func with<Result: ~Copyable>(_ engine: Int, _ body: (borrowing PoolClient) -> Result) -> Result {
        precondition(engine >= 0 && engine < count, "The pool has no such engine")
        // SAFETY: checked above; the clients live as long as this value.
        return unsafe body(clients[engine])
    }
}
