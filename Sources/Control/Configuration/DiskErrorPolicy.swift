// SPDX-License-Identifier: Apache-2.0

import Record

/// What an error of the host's storage does (KubeVirt `disks[].errorPolicy`).
public enum DiskErrorPolicy: String, RecordField, Sendable {
    /// The machine pauses, and does the request again when it goes on.
    case stop
    /// The guest is told.
    case report
    /// The guest is told that all went well.
    case ignore
    /// The machine pauses when storage is full; the guest is told of every other error.
    case enospace
}
