// SPDX-License-Identifier: Apache-2.0

internal import Linux
import Synchronization

/// Starts and stops all vCPUs of a machine together.
///
/// A stop request is stored first, then every vCPU's kicker is armed and its thread signalled. A thread looks at the
/// request only after KVM_RUN has returned with EINTR, when the last exit's instruction is complete: then the state in
/// the kernel is whole and can be saved.
final class VCPUGroup: Sendable {
    enum Command: UInt32 {
        case run = 0
        case park = 1
        case end = 2
    }

    private let command = Gate(Command.park.rawValue)
    private let parked = Atomic<Int>(0)
    private let settled = Gate()
    private let members = Mutex<[VCPUThread]>([])

    /// Adds a vCPU before its thread starts.
    func add(_ thread: VCPUThread) { members.withLock { $0.append(thread) } }

    /// Lets all vCPUs run.
    func resume() { _ = command.open(Command.run.rawValue, unless: Command.end.rawValue) }

    /// Asks all vCPUs to park and does not wait; may be called on a vCPU's own thread.
    func requestPark() {
        // A guest may ask for this while the machine ends: the end must not be overwritten.
        if command.open(Command.park.rawValue, unless: Command.end.rawValue) { kick() }
    }

    /// Parks all vCPUs and returns once none of them runs. Not for a vCPU's own thread.
    func park() {
        requestPark()
        let count = members.withLock { $0.count }
        while true {
            let seen = settled.value
            if parked.load(ordering: .acquiring) >= count { return }
            settled.wait(while: seen)
        }
    }

    /// Ends all vCPU threads; they can be joined afterwards, and no more are to be added.
    func end() {
        command.open(Command.end.rawValue)
        kick()
        // Members hold the group: letting go of them lets both be freed.
        members.withLock { $0 = [] }
    }

    /// What a vCPU's thread does when it was interrupted: returns true to run on, false to end.
    func checkpoint() -> Bool {
        while true {
            switch Command(rawValue: command.value) {
            case .run: return true
            case .end: return false
            default:
                parked.wrappingAdd(1, ordering: .acquiringAndReleasing)
                settled.advance()
                command.wait(while: Command.park.rawValue)
                parked.wrappingSubtract(1, ordering: .acquiringAndReleasing)
            }
        }
    }

    private func kick() {
        members.withLock { all in
            for thread in all { thread.kick() }
        }
    }
}
