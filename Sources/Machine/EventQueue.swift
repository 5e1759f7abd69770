// SPDX-License-Identifier: Apache-2.0

internal import Devices
internal import Linux
import Synchronization

/// Carries events from vCPU threads to the launcher's loop; none of the calls blocks.
///
/// Where the guest must not execute another instruction (reset, power-off) all vCPUs are asked to park at once: the
/// calling vCPU parks at its next entry, before the instruction behind the one that asked.
final class EventQueue: MachineSignals, VCPUEvents {
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
    func vcpuTripleFaulted(_ id: UInt32) { post(.tripleFaulted, parking: true) }
    func vcpuFailed(_ id: UInt32, _ failure: VCPUFailure) {
        post(.failed("vCPU \(id): \(failure)"), parking: true)
    }

    /// All events since the last call, oldest first.
    func take() -> [MachineEvent] {
        signal.drain()
        return waiting.withLock { all in
            defer { all = [] }
            return all
        }
    }

    private func post(_ event: MachineEvent, parking: Bool) {
        if parking { group.requestPark() }
        waiting.withLock { all in
            if all.count < EventQueue.capacity, all.last != event { all.append(event) }
        }
        signal.signal()
    }
}
