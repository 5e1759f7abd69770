// SPDX-License-Identifier: Apache-2.0

internal import Linux

/// One thread of a pool, with aligned memory of its own.
final class PoolThread: @unchecked Sendable {
    let bounce: BounceBuffer
    // Set by the pool's maker and taken by its end alone.
    private var thread: OSThread?

    init() throws(Errno) { bounce = try BounceBuffer() }

    func start(name: String, cpus: CPUSet?, _ body: @escaping @Sendable () -> Void) throws(Errno) {
        thread = try OSThread(name: name, cpus: cpus, body)
    }

    func join() { thread.take()?.join() }
}
