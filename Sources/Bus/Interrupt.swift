// SPDX-License-Identifier: Apache-2.0

import Linux

/// A way to interrupt the guest: an eventfd that the machine has wired to an interrupt, or to nothing.
///
/// Raising is one `write`; whether the guest has masked the vector is not the device's business. The eventfd belongs to
/// whoever made this value and must outlive it.
public struct Interrupt: Sendable, Equatable {
    /// The eventfd's number, -1 when the guest asked for no interrupt.
    public let raw: Int32

    /// Wraps an eventfd.
    public init(raw: Int32) { self.raw = raw }

    /// Interrupts nobody.
    public static let none = Interrupt(raw: -1)

    /// Interrupts the guest.
    @inline(__always)
    public func raise() {
        if raw >= 0 { EventFD.signal(raw) }
    }
}
