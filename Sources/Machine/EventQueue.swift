// SPDX-License-Identifier: Apache-2.0

internal import Devices
internal import Linux
import Synchronization

/// Carries events from vCPU threads to the launcher's loop; none of the calls blocks.
///
/// Where the guest must not execute another instruction (reset, power-off) all vCPUs are asked to park at once: the
/// calling vCPU parks at its next entry, before the instruction behind the one that asked.
final class EventQueue: MachineSignals, DiskSignals, VCPUEvents {
    /// Readable while events wait.
    let signal: EventFD
    private let group: VCPUGroup
    private let waiting = Mutex<[MachineEvent]>([])
    // A guest can shout as fast as it can exit; what is not taken in time is not worth more memory.
    private static let capacity = 64

    init(_ group: VCPUGroup) throws(Errno) {
        signal = try EventFD()
        self.group = group
    }

    func requestReset() { post(.resetRequested, parking: true) }
    func requestPowerOff() { post(.poweredOff, parking: true) }
    func guestPanicked(_ event: GuestPanic) { post(.panicked(event), parking: false) }
    func diskStopped(_ failure: DiskFailure) { post(.diskStopped(failure), parking: true) }
    func watchdogExpired() { post(.watchdogExpired, parking: false) }
    /// The guest opened or closed a channel.
    func channelsChanged() { post(.channelsChanged, parking: false) }
    func vcpuTripleFaulted(_ id: UInt32) { post(.tripleFaulted, parking: true) }
    func vcpuFailed(_ id: UInt32, _ failure: VCPUFailure) {
        post(.failed("vCPU \(id): \(failure)"), parking: true)
    }

    /// The oldest event that has not been taken.
    func next() -> MachineEvent? {
        waiting.withLock { all in
            // Under the lock: whoever posts next signals after this.
            if all.count <= 1 { signal.drain() }
            return all.isEmpty ? nil : all.removeFirst()
        }
    }

    /// Whether nothing waits.
    var isEmpty: Bool { waiting.withLock { $0.isEmpty } }

    /// Forgets what has not been taken.
    func clear() {
        waiting.withLock { all in
            signal.drain()
            all = []
        }
    }

    private func post(_ event: MachineEvent, parking: Bool) {
        if parking { group.requestPark() }
        waiting.withLock { all in
            // What parks the vCPUs must arrive, or nobody lets them go on; it cannot come often.
            if parking || all.count < EventQueue.capacity, all.last != event { all.append(event) }
        }
        signal.signal()
    }
}
