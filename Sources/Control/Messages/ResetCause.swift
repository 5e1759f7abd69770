// SPDX-License-Identifier: Apache-2.0

import Record

/// How a guest came to be reset.
public enum ResetCause: String, RecordField, Sendable {
    /// The supervisor asked for it.
    case requested
    /// The guest pulsed the i8042's reset line.
    case keyboardController
    /// The guest wrote the ACPI reset register.
    case acpi
    /// A vCPU met a triple fault.
    case tripleFault
    /// The guest stopped feeding its watchdog.
    case watchdog
}
