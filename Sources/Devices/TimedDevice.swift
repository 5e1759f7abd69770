// SPDX-License-Identifier: Apache-2.0

/// A device that wants to act at a certain time.
///
/// The machine watches `timerDescriptor` for reading in any event loop it has and calls `timerExpired` then. The
/// timer is armed only while the guest has asked for such an interrupt, which hardly any guest does.
public protocol TimedDevice: AnyObject, Sendable {
    /// The descriptor of a kernel timer, readable when it has expired; owned by the device.
    var timerDescriptor: Int32 { get }
    /// Raises what is due and arms the timer for what comes next; calls that come early or late do no harm.
    func timerExpired()
}
