// SPDX-License-Identifier: Apache-2.0

import Record

/// What the host does with a disk's data between guest and medium (KubeVirt `disks[].cache`).
public enum DiskCache: String, RecordField, Sendable {
    /// Past the page cache: O_DIRECT. Flushes are the guest's business.
    case none
    /// Through the page cache; a write is complete when it is on stable storage.
    case writethrough
    /// Through the page cache; a write is complete when it is there. Flushes are the guest's business.
    case writeback
}
