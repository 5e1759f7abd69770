// SPDX-License-Identifier: Apache-2.0

import Record

/// What a panic of the guest does once it was reported.
public enum PanicAction: String, RecordField, Sendable {
    /// The launcher ends.
    case exit
    /// The machine starts again in the same process.
    case restart
    /// The machine stays as it is, paused.
    case pause
    /// The guest goes on by itself.
    case ignore
}
