// SPDX-License-Identifier: Apache-2.0

internal import Linux
public import Sandbox

extension SystemCallFilter {
    /// A SCSI controller's threads: they do what a disk's do, and pass commands on to devices of the host.
    public static let scsi = SystemCallFilter(
        name: "scsi", rules: SystemCallFilter.block.rules + [.ioctl(StorageRequest.scsiCommand)])
}
