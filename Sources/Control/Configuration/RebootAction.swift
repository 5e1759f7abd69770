// SPDX-License-Identifier: Apache-2.0

import Record

/// What a reboot of the guest does.
public enum RebootAction: String, RecordField, Sendable {
    /// The machine starts again in the same process.
    case restart
    /// The launcher ends.
    case exit
}
