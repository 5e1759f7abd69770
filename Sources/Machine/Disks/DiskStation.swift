// SPDX-License-Identifier: Apache-2.0

internal import Control
internal import Devices
import Glibc
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
    func refresh(_ name: String) throws(MachineError) { try refresh(name) { () throws(Errno) in } }

    /// Makes a disk larger and tells the guest.
    /// - Throws: `MachineError` that names the disk; it is as large as before then.
    func resize(_ name: String, to bytes: UInt64) throws(MachineError) {
        guard let files = images[name] else {
            throw .device("disk \(name)", "is no disk of this machine that could be made larger")
        }
        var failure: Errno?
        do throws(MachineError) {
            try refresh(name) { () throws(Errno) in
                do throws(Errno) { try files.grow(to: bytes) } catch {
                    failure = error
                    throw error
                }
            }
        } catch {
            guard let failure else { throw error }
            throw .device("disk \(name)", Self.remedy(failure, bytes))
        }
    }

    private static func remedy(_ failure: Errno, _ bytes: UInt64) -> String {
        switch failure.code {
        case EINVAL:
            "cannot be made \(bytes) bytes; give a multiple of 512 that is more than it has, and resize a device itself"
        case EFBIG: "cannot be made \(bytes) bytes; its format or file system has no names for as many"
        case EROFS: "is read-only and cannot be made larger"
        case EOPNOTSUPP: "is of version 2 and shorter than its backing file; convert it to version 3"
        default: "cannot be made larger (\(failure))"
        }
    }

    private func refresh(_ name: String, after change: () throws(Errno) -> Void) throws(MachineError) {
        guard let disk = blocks[name] else { return try controller(for: name).refresh(name, after: change) }
        do throws(Errno) { try disk.refreshCapacity(after: change) } catch { throw .device("disk \(name)", "\(error)") }
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
