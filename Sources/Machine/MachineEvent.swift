// SPDX-License-Identifier: Apache-2.0

public import Devices

/// Something the guest or a vCPU did that the launcher decides about; the vCPUs are parked or about to park.
public enum MachineEvent: Equatable, Sendable {
    /// The guest asked to start again.
    case resetRequested
    /// A vCPU met a fault while handling a double fault, which resets a PC.
    case tripleFaulted
    /// The guest switched its power off.
    case poweredOff
    /// The guest's kernel reported a panic; it runs on.
    case panicked(GuestPanic)
    /// The host failed a disk, and requests wait for the machine to be paused and resumed.
    case diskStopped(DiskFailure)
    /// The guest stopped feeding its watchdog, which has stopped; the guest runs on.
    case watchdogExpired
    /// The guest opened or closed channels: see `Machine.openChannels`.
    case channelsChanged
    /// The machine cannot run any further.
    case failed(String)
}
