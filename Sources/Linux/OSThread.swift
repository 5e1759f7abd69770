// SPDX-License-Identifier: Apache-2.0

internal import CLinux

/// A thread of the kernel's: named, placed on CPUs, joined exactly once by its owner.
@safe
public struct OSThread: ~Copyable, @unchecked Sendable {
    private let handle: pthread_t

    private final class Box: Sendable {
        let name: String
        let cpus: CPUSet?
        let body: @Sendable () -> Void
        init(name: String, cpus: CPUSet?, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.cpus = cpus
            self.body = body
        }
    }

    /// Starts a thread.
    /// - Parameters:
    ///   - name: shown by `ps -L`; the kernel keeps 15 bytes.
    ///   - cpus: where it may run; the creator's set when nil.
    ///   - stackBytes: size of its stack.
    /// - Throws: `Errno` of `pthread_create`.
    public init(
        name: String, cpus: CPUSet? = nil, stackBytes: Int = 256 << 10, _ body: @escaping @Sendable () -> Void
    ) throws(Errno) {
        var attributes = pthread_attr_t()
        unsafe pthread_attr_init(&attributes)
        defer { unsafe pthread_attr_destroy(&attributes) }
        unsafe pthread_attr_setstacksize(&attributes, stackBytes)
        let box = unsafe Unmanaged.passRetained(Box(name: name, cpus: cpus, body: body))
        var handle: pthread_t = 0
        // SAFETY: the new thread takes the one reference that passRetained made.
        let r = unsafe pthread_create(
            &handle, &attributes,
            { argument in
                guard let argument = unsafe argument else { return nil }
                let box = unsafe Unmanaged<Box>.fromOpaque(argument).takeRetainedValue()
                // A creator that blocks signals, as pool threads do, must not make this thread deaf to kicks.
                var kicks = sigset_t()
                unsafe sigemptyset(&kicks)
                unsafe sigaddset(&kicks, clinux_kick_signal())
                unsafe pthread_sigmask(SIG_UNBLOCK, &kicks, nil)
                _ = unsafe box.name.withCString { unsafe clinux_set_thread_name($0) }
                // Placement was checked before the thread was asked for; a CPU that went offline since then only
                // costs the pinning, not the guest.
                if let cpus = box.cpus { try? cpus.apply() }
                box.body()
                return nil
            }, unsafe box.toOpaque())
        guard r == 0 else {
            unsafe box.release()
            throw Errno(code: r, call: "pthread_create")
        }
        self.handle = handle
    }

    /// Waits for the thread's end.
    public consuming func join() { pthread_join(handle, nil) }

    /// Sends the kick signal: a thread inside a system call returns from it with EINTR.
    public borrowing func kick() { pthread_kill(handle, clinux_kick_signal()) }

    /// The calling thread's kernel id.
    public static var currentID: Int32 { clinux_thread_id() }

    /// The signal that `kick` sends.
    public static var kickSignal: Int32 { clinux_kick_signal() }

    /// Makes the kick signal interrupt system calls and do nothing else; once a process, before the first `kick`.
    /// - Throws: `Errno` of `sigaction`.
    public static func prepareKicks() throws(Errno) {
        try Errno.check(clinux_interrupting_signal(clinux_kick_signal()), "sigaction")
    }
}
