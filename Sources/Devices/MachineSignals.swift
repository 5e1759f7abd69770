// SPDX-License-Identifier: Apache-2.0

/// What devices ask of the machine they are part of.
///
/// Called on a vCPU thread in the middle of a guest's instruction, or from the launcher's loop: an implementation notes
/// the wish and returns.
public protocol MachineSignals: AnyObject, Sendable {
    /// The guest wants to start again from its firmware.
    func requestReset()
    /// The guest has shut down and wants the power off.
    func requestPowerOff()
    /// The guest's kernel says that it is in trouble.
    func guestPanicked(_ event: GuestPanic)
    /// The guest stopped feeding its watchdog.
    func watchdogExpired()
}
