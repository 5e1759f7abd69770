// SPDX-License-Identifier: Apache-2.0

internal import Control
internal import Devices
internal import Linux
internal import Storage

/// All disks of a machine, on whichever bus, as the machine deals with them while it runs.
final class DiskStation: Sendable {
    private let blocks: [String: Block<DiskEngine>]
    private let scsi: SCSIDisks?
    private let images: OpenImages

    init(blocks: [String: Block<DiskEngine>], scsi: SCSIDisks?, images: OpenImages) {
        self.blocks = blocks
        self.scsi = scsi
        self.images = images
    }

    private var stoppable: [any StoppableDisk] {
        var all = blocks.values.map { $0 as any StoppableDisk }
        if let scsi { all.append(scsi.controller) }
        return all
    }

    /// Requests that wait for the machine to go on.
    var parkedRequests: Int { stoppable.reduce(0) { $0 + $1.parkedRequests } }
    /// Whether all of them wait for space.
    var waitsForSpace: Bool { stoppable.allSatisfy { $0.waitsForSpace } }

    /// Tries them again while the machine is paused; says whether none is left.
    func retry() -> Bool {
        var isClear = true
        for disk in stoppable where disk.parkedRequests > 0 { isClear = disk.retry() && isClear }
        return isClear
    }

    /// - Throws: `MachineError` that names the disk.
    func attach(_ disk: DiskConfiguration, _ descriptors: inout DescriptorBundle) throws(MachineError) {
        guard disk.bus == .scsi else { throw .device("disk \(disk.name)", "only bus: scsi can be attached later") }
        guard blocks[disk.name] == nil else { throw .device("disk \(disk.name)", "is attached already") }
        try controller(for: disk.name).attach(disk, &descriptors)
    }

    /// - Throws: `MachineError` that names the disk.
    func detach(_ name: String) throws(MachineError) {
        if blocks[name] != nil { throw .device("disk \(name)", "only disks with bus: scsi can be detached") }
        try controller(for: name).detach(name)
    }

    /// - Throws: `MachineError` that names the disk.
    func change(_ medium: MediumChange, _ descriptors: inout DescriptorBundle) throws(MachineError) {
        try controller(for: medium.disk).change(medium, &descriptors)
    }

    /// - Throws: `MachineError` that names the disk.
    func refresh(_ name: String) throws(MachineError) {
        guard let disk = blocks[name] else { return try controller(for: name).refresh(name) }
        do throws(Errno) { try disk.refreshCapacity() } catch { throw .device("disk \(name)", "\(error)") }
    }

    /// Puts what was written so far on stable storage where a format keeps tables in memory.
    func flush() { images.flush() }

    /// Closes all images; nothing may be in flight.
    /// - Returns: what could not be closed.
    func close() -> [MachineError] { images.close() }

    private func controller(for name: String) throws(MachineError) -> SCSIDisks {
        guard let scsi else {
            throw .device("disk \(name)", "there is no SCSI controller; start the machine with hot-plug or a scsi disk")
        }
        return scsi
    }
}
