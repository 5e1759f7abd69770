// SPDX-License-Identifier: Apache-2.0

internal import Control
internal import Devices
internal import Linux
internal import Storage

/// What carries requests of one queue to a disk's image.
typealias DiskEngine = SynchronousEngine<RawImage>

/// A disk's image and the engines over it, one a queue.
struct DiskEngines {
    private let file: ImageFile
    /// Takes a LUN's commands, when it is a SCSI device of the host.
    let carrier: (any CommandCarrier)?

    /// Takes over the descriptors of a disk's slots.
    /// - Throws: `MachineError` that names the disk.
    init(_ disk: DiskConfiguration, _ descriptors: inout DescriptorBundle) throws(MachineError) {
        guard let slot = disk.file, let descriptor = descriptors.take(slot) else {
            throw .configuration(field: "disks[\(disk.name)].file", "its descriptor did not come")
        }
        // Any other file makes a LUN that is a disk.
        do throws(Errno) {
            carrier = disk.kind == .lun ? HostSCSIDevice(try descriptor.duplicate()) : nil
        } catch {
            throw .device("disk \(disk.name)", "\(error)")
        }
        file = try DiskEngines.image(descriptor, name: disk.name, readOnly: disk.readonly)
    }

    /// A medium for a CD-ROM drive.
    /// - Throws: `MachineError` that names the disk.
    init(medium descriptor: consuming FileDescriptor, of disk: String) throws(MachineError) {
        carrier = nil
        file = try DiskEngines.image(descriptor, name: disk, readOnly: true)
    }

    private static func image(
        _ descriptor: consuming FileDescriptor, name: String, readOnly: Bool
    ) throws(MachineError) -> ImageFile {
        do throws(ImageError) { return try ImageFile(owning: descriptor, name: name, readOnly: readOnly) } catch {
            throw .device("disk \(name)", "\(error)")
        }
    }

    /// The engine of a queue.
    /// - Throws: `ImageError`.
    func engine(_ queue: Int) throws(ImageError) -> DiskEngine { SynchronousEngine(try RawImage(file)) }

    /// The same for a controller that takes engines of every kind.
    /// - Throws: `MachineError` that names the disk.
    func handles(_ queues: Int, of disk: String) throws(MachineError) -> [EngineHandle] {
        var all: [EngineHandle] = []
        for queue in 0..<queues {
            do throws(ImageError) { all.append(.holding(try engine(queue))) } catch {
                throw .device("disk \(disk)", "\(error)")
            }
        }
        return all
    }
}
