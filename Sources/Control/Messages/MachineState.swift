// SPDX-License-Identifier: Apache-2.0

import Record

/// Where a machine is in its life.
public enum MachineState: String, RecordField, Sendable {
    /// It awaits its configuration.
    case configuring
    /// It is being built.
    case starting
    /// Its vCPUs run.
    case running
    /// Its vCPUs are stopped.
    case paused
    /// Its kernel reported a panic.
    case panicked
    /// It has powered off, was stopped or failed.
    case ended
}
