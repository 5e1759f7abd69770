// SPDX-License-Identifier: Apache-2.0

internal import Control
internal import Devices
internal import Linux
internal import Sandbox

extension VirtioDevices {
    /// Makes a virtio-blk disk.
    /// - Throws: `MachineError` that names the disk.
    static func disk(
        _ disk: DiskConfiguration, _ descriptors: inout DescriptorBundle, thread: String, cpus: CPUSet?,
        signals: any DiskSignals, door: @escaping @Sendable () -> Void, hosts: EngineHosts,
        images: OpenImages
    ) throws(MachineError) -> Block<DiskEngine> {
        let engines = try DiskEngines(disk, &descriptors, hosts: hosts)
        do {
            let device = try Block(
                queues: Int(disk.queues), profile: DiskProfile(disk, signals: signals), thread: thread, cpus: cpus,
                onStart: door
            ) { queue in try engines.engine(queue) }
            images.add(engines.files, of: disk.name)
            return device
        } catch {
            throw .device("disk \(disk.name)", "\(error)")
        }
    }

    /// Makes the SCSI controller with its disks, as many queues as the disk that wants most; nil when none is asked for.
    /// - Throws: `MachineError` that names the disk.
    static func scsi(
        _ configuration: MachineConfiguration, _ descriptors: inout DescriptorBundle, cage: Cage, cpus: CPUSet?,
        signals: any DiskSignals, hosts: EngineHosts, images: OpenImages
    ) throws(MachineError) -> SCSIDisks? {
        let disks = inBootOrder(configuration.disks).filter { $0.bus == .scsi }
        guard configuration.hasSCSI || !disks.isEmpty else { return nil }
        let door = try Assembly.door(hosts.confined(.scsi.withKicks), of: cage)
        let queues = disks.map { Int($0.queues) }.max() ?? 1
        let scsi: SCSIDisks
        do throws(Errno) {
            let controller = try SCSI(queues: queues, thread: "scsi", cpus: cpus, onStart: door)
            scsi = SCSIDisks(controller, signals: signals, images: images)
        } catch {
            throw .device("SCSI controller", "\(error)")
        }
        for disk in disks { try scsi.attach(disk, &descriptors, hosts: hosts) }
        return scsi
    }
}
