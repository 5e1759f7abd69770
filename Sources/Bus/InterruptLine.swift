// SPDX-License-Identifier: Apache-2.0

/// A level-triggered interrupt pin of the machine's interrupt controller, such as the ACPI SCI.
public protocol InterruptLine: AnyObject, Sendable {
    /// Asserts or releases the pin.
    func set(_ asserted: Bool)
}
