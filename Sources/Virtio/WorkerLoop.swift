// SPDX-License-Identifier: Apache-2.0

import Linux
import Synchronization

/// The thread's side of a `QueueWorker`: takes commands one at a time and, between them, serves its queues.
///
/// A command is put into `command`, announced by `inbox` (where the thread parks without work) and `bell` (where it
/// waits with work), and answered by advancing `done`.
final class WorkerLoop<Work: QueueWork & ~Copyable>: Sendable {
    let events: EventSet
    let command = Mutex<WorkerCommand<Work>?>(nil)
    let answer = Mutex<[QueuePosition]>([])
    let inbox = Gate()
    let done = Gate()
    private let bell: EventFD
    private static var bellToken: UInt64 { .max }

    init() throws(Errno) {
        events = try EventSet()
        bell = try EventFD()
        try events.epoll.add(bell.raw, .readable, token: WorkerLoop.bellToken)
    }

    /// Puts a command before the thread and returns when it has been carried out; one caller at a time.
    func submit(_ next: WorkerCommand<Work>) {
        let before = done.value
        command.withLock { $0 = next }
        inbox.advance()
        bell.signal()
        done.wait(while: before)
    }

    /// The thread's body.
    func run() {
        var work: Work? = nil
        var queues: [QueueSetup] = []
        var isPaused = false
        var handled: UInt32 = 0
        done.advance()
        while true {
            if queues.isEmpty || isPaused {
                inbox.wait(while: handled)
            } else {
                wait(&work)
            }
            guard inbox.value != handled else { continue }
            handled &+= 1
            guard let next = command.withLock({ $0.take() }) else { continue }
            var look = false
            switch next {
            case .start(let setup, let make):
                drop(&work)
                queues = begin(setup, make, &work)
                look = !isPaused
            case .stop:
                drop(&work)
                queues = []
            case .pause:
                work?.quiesce()
                isPaused = true
            case .resume:
                look = isPaused
                isPaused = false
            case .positions:
                let positions = work?.positions() ?? []
                answer.withLock { $0 = positions }
            case .shutDown:
                drop(&work)
                done.advance()
                return
            }
            done.advance()
            // Kicks that came meanwhile were not looked at: look at every queue once.
            if look { for queue in queues { work?.kicked(queue: queue.index) } }
        }
    }

    private func wait(_ work: inout Work?) {
        do throws(Errno) {
            try events.epoll.wait { token, readiness in
                if token < EventSet.firstReservedToken {
                    work?.ready(token: token, readiness: readiness)
                } else if token == WorkerLoop.bellToken {
                    // Also for a command that was seen in the inbox before its bell rang: a bell left ringing would
                    // keep this thread awake for ever. The inbox is looked at after this.
                    bell.drain()
                } else {
                    // Edge-triggered: every signal is an event, so the counter is never read.
                    work?.kicked(queue: Int(token & ~EventSet.firstReservedToken))
                }
            }
        } catch {
            // Only a descriptor or an address that is not ours makes epoll_wait fail.
            preconditionFailure("The worker's own epoll set failed: \(error)")
        }
    }

    private func begin(
        _ setup: DeviceSetup, _ make: @Sendable (DeviceSetup, EventSet) throws -> Work, _ work: inout Work?
    ) -> [QueueSetup] {
        do {
            let made = try make(setup, events)
            var watched: [QueueSetup] = []
            for queue in setup.queues where made.watchesKicks(of: queue.index) { watched.append(queue) }
            work = consume made
            for queue in watched {
                let token = EventSet.firstReservedToken | UInt64(queue.index)
                try events.insert(queue.kick, [.readable, .edge], token: token)
            }
            return setup.queues
        } catch {
            drop(&work)
            setup.port.needsReset()
            return []
        }
    }

    private func drop(_ work: inout Work?) {
        work?.quiesce()
        work = nil
        events.removeAll()
    }
}
