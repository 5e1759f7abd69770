// SPDX-License-Identifier: Apache-2.0

internal import Linux
import Synchronization

/// Holds a thread for an object that many threads share: started once, joined once, kicked any time between.
final class ThreadSlot: Sendable {
    private let thread = Mutex<OSThread?>(nil)
    private let identity = Gate()

    /// The kernel's id of the thread; 0 before it runs.
    var value: Int32 { Int32(bitPattern: identity.value) }

    /// Starts the thread and returns once it runs.
    /// - Throws: `Errno` of `pthread_create`.
    func start(name: String, cpus: CPUSet?, _ body: @escaping @Sendable () -> Void) throws(Errno) {
        let started = try OSThread(name: name, cpus: cpus) { [identity] in
            identity.open(UInt32(bitPattern: OSThread.currentID))
            body()
        }
        var slot: OSThread? = consume started
        thread.withLock { swap(&$0, &slot) }
        identity.wait(while: 0)
    }

    /// Sends the kick signal if the thread has not been joined.
    func kick() { thread.withLock { $0?.kick() } }

    /// Waits for the thread's end.
    func join() {
        var taken: OSThread? = nil
        thread.withLock { swap(&$0, &taken) }
        taken.take()?.join()
    }
}
