// SPDX-License-Identifier: Apache-2.0

import Record

/// Who carries a disk's requests to the kernel (KubeVirt `disks[].io`).
public enum DiskIO: String, RecordField, Sendable {
    /// The kernel itself: io_uring.
    case native
    /// A pool of threads that wait.
    case threads
}
