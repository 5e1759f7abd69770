// SPDX-License-Identifier: Apache-2.0

public import Linux
import Synchronization

/// One thread that serves the queues of one device, parked while there is nothing to serve.
///
/// The thread is made with the machine, before the sandbox closes, and lives until `shutDown`. Each call here returns
/// when the thread has done what was asked; none may be made from that thread itself.
public final class QueueWorker<Work: QueueWork & ~Copyable>: Sendable {
    private let loop: WorkerLoop<Work>
    /// The thread until `shutDown`; the lock is held over a whole command, so that callers take turns.
    private let thread: Mutex<OSThread?>

    /// Starts the thread.
    /// - Parameters:
    ///   - name: shown by `ps -L`; the kernel keeps 15 bytes.
    ///   - cpus: where it may run; the creator's set when nil.
    ///   - onStart: runs first on the thread, such as loading its seccomp filter; `init` returns after it.
    /// - Throws: `Errno` when the kernel has no descriptor or thread left.
    public init(name: String, cpus: CPUSet? = nil, onStart: (@Sendable () -> Void)? = nil) throws(Errno) {
        let loop = try WorkerLoop<Work>()
        let before = loop.done.value
        thread = Mutex(
            try OSThread(name: name, cpus: cpus) {
                onStart?()
                loop.run()
            })
        self.loop = loop
        loop.done.wait(while: before)
    }

    deinit { shutDown() }

    /// Makes the work on the thread and serves `setup.queues` from now on.
    ///
    /// When `make` throws, or a kick cannot be waited for, the port is told `needsReset` and the worker stays idle.
    public func start(_ setup: DeviceSetup, make: @escaping @Sendable (DeviceSetup, EventSet) throws -> Work) {
        submit(.start(setup, make))
    }

    /// Quiesces and drops the work: afterwards the thread touches no guest memory. No work is no error.
    public func stop() { submit(.stop) }

    /// Quiesces the work and leaves kicks and events alone until `resume`.
    public func pause() { submit(.pause) }

    /// Goes on, looking at every queue once. Not paused is no error.
    public func resume() { submit(.resume) }

    /// How far the queues have got; exact while paused, empty without work.
    public func positions() -> [QueuePosition] {
        thread.withLock { thread in
            guard thread != nil else { return [] }
            loop.submit(.positions)
            return loop.answer.withLock { $0 }
        }
    }

    /// Drops the work, ends the thread and waits for its end. Later calls do nothing.
    public func shutDown() {
        thread.withLock { thread in
            guard let running = thread.take() else { return }
            loop.submit(.shutDown)
            running.join()
        }
    }

    private func submit(_ command: WorkerCommand<Work>) {
        thread.withLock { thread in
            if thread != nil { loop.submit(command) }
        }
    }
}
