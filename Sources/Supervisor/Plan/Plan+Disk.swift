// SPDX-License-Identifier: Apache-2.0

import Control
import VMISpec

extension Plan {
    /// A disk of the machine with KubeVirt's defaults (Convert_v1_Disk_To_api_Disk, pkg/virt-launcher/virtwrap/converter).
    static func disk(_ attached: InstanceSpec.AttachedDisk, file: DescriptorSlot?, of domain: DomainSpec)
        -> DiskConfiguration
    {
        let disk = attached.disk
        var planned = DiskConfiguration(
            name: disk.name, file: file, serial: disk.serial ?? "", readonly: attached.isReadOnly,
            bootOrder: disk.bootOrder)
        planned.bus = disk.target.bus == .scsi ? .scsi : .virtio
        switch disk.target {
        case .disk: planned.kind = .disk
        case .lun: planned.kind = .lun
        case .cdrom: planned.kind = .cdrom
        }
        switch disk.errorPolicy ?? .stop {
        case .stop: planned.errorPolicy = .stop
        case .report: planned.errorPolicy = .report
        case .ignore: planned.errorPolicy = .ignore
        case .enospace: planned.errorPolicy = .enospace
        }
        if domain.devices.blockMultiQueue {
            let vcpus = UInt64(domain.cpu.sockets) * UInt64(domain.cpu.cores) * UInt64(domain.cpu.threads)
            planned.queues = UInt16(clamping: min(max(vcpus, 1), 256))
        }
        planned.logicalBlockSize = disk.blockSize?.logical
        planned.physicalBlockSize = disk.blockSize?.physical
        return planned
    }
}
