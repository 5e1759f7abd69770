// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Supervisor
import VMISpec

/// Keeps a virtual machine as its run strategy wants it: starts instance after instance, with a wait after those that
/// led to nothing.
struct Keeper: ~Copyable {
    private let store: MachineStore
    private let key: String
    private let lock: FileDescriptor
    private var backoff = Backoff()

    /// Takes the machine of a key.
    /// - Throws: `SupervisorError` when another process keeps it.
    init(_ store: MachineStore, _ key: String) throws(SupervisorError) {
        guard let lock = store.keep(key) else {
            throw SupervisorError("The virtual machine runs already; apus ps shows it")
        }
        self.store = store
        self.key = key
        self.lock = lock
    }

    /// Runs one instance after the other; returns how the last ended, or nil when its user left one to itself.
    /// - Parameter run: runs one to its end; nil when the user left.
    mutating func serve(_ run: (MachineRecord) throws -> InstanceEnd?) throws -> InstanceEnd? {
        while true {
            var record = try store.read(key)
            record.hadInstance = true
            try store.write(record, as: key)
            let began = Clock.monotonic
            guard let end = try run(record) else { return nil }
            let strategy = try store.read(key).strategy
            guard RestartPolicy.restarts(strategy, after: end) else { return end }
            let ran = end.hadStarted ? (Clock.monotonic &- began) / 1_000_000_000 : nil
            let seconds = backoff.wait(afterRunningFor: ran)
            let why = end.message ?? "The guest powered off"
            Output.note(seconds == 0 ? "\(why); starting again" : "\(why); starting again in \(seconds) s")
            guard Self.wait(seconds) else { return end }
        }
    }

    /// Waits; false when a signal ended the wait.
    private static func wait(_ seconds: Int) -> Bool {
        guard let signals = try? SignalSet([SIGTERM, SIGINT, SIGHUP]) else { return false }
        var entry = pollfd(fd: signals.descriptor.raw, events: Int16(POLLIN), revents: 0)
        let deadline = Clock.monotonic &+ UInt64(seconds) * 1_000_000_000
        while true {
            let now = Clock.monotonic
            guard now < deadline else { return signals.next() == nil }
            let ready = poll(&entry, 1, Int32(clamping: (deadline - now) / 1_000_000 + 1))
            if ready > 0 { return false }
        }
    }
}
