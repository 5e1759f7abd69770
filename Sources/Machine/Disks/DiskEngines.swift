// SPDX-License-Identifier: Apache-2.0

internal import Control
internal import Devices
internal import Linux
internal import Storage

/// What carries requests of one queue to a disk's image: one type, whatever was chosen.
typealias DiskEngine = LimitedEngine<RawEngine<HostFiles>>

/// A disk's image and the engines over it, one a queue.
struct DiskEngines {
    private let engines: FileEngines
    private let limits: DiskLimits?
    /// Takes a LUN's commands, when it is a SCSI device of the host.
    let carrier: (any CommandCarrier)?

    /// Takes over the descriptors of a disk's slots.
    /// - Parameters:
    ///   - queues: how many engines there will be; as many as the disk asks for when nil.
    ///   - hosts: makes rings and threads; nil once the cage has closed, when neither can be made.
    /// - Throws: `MachineError` that names the disk.
    init(
        _ disk: DiskConfiguration, _ descriptors: inout DescriptorBundle, queues: Int? = nil, hosts: EngineHosts? = nil
    ) throws(MachineError) {
        guard let slot = disk.file, let descriptor = descriptors.take(slot) else {
            throw .configuration(field: "disks[\(disk.name)].file", "its descriptor did not come")
        }
        // Any other file makes a LUN that is a disk.
        do throws(Errno) {
            carrier = disk.kind == .lun ? HostSCSIDevice(try descriptor.duplicate()) : nil
        } catch {
            throw .device("disk \(disk.name)", "\(error)")
        }
        let file = try DiskEngines.image(descriptor, of: disk)
        limits = DiskLimits(requests: disk.requestLimit.map(Self.rate), bytes: disk.byteLimit.map(Self.rate))
        do {
            engines =
                try hosts?.engines(of: disk, [file], queues: queues ?? Int(disk.queues))
                ?? FileEngines([file], kind: .blocking)
        } catch {
            throw .device("disk \(disk.name)", "\(error)")
        }
    }

    /// A medium for a CD-ROM drive.
    /// - Throws: `MachineError` that names the disk.
    init(medium descriptor: consuming FileDescriptor, of disk: String) throws(MachineError) {
        carrier = nil
        limits = nil
        let file = try DiskEngines.image(
            descriptor, of: DiskConfiguration(name: disk, file: nil, readonly: true))
        do throws(Errno) { engines = try FileEngines([file], kind: .blocking) } catch {
            throw .device("disk \(disk)", "\(error)")
        }
    }

    private static func image(
        _ descriptor: consuming FileDescriptor, of disk: DiskConfiguration
    ) throws(MachineError) -> ImageFile {
        let mode: CacheMode
        do throws(Errno) {
            // A shared disk's other writers do not see this host's page cache.
            mode = try CacheMode.choose(disk.shareable ? CacheMode.none : disk.cache.map(Self.mode), for: descriptor)
        } catch {
            throw .device(
                "disk \(disk.name)",
                "cache: none needs O_DIRECT, which its file system does not have (\(error)); use writethrough")
        }
        do throws(ImageError) {
            return try ImageFile(
                owning: descriptor, name: disk.name, readOnly: disk.readonly, lock: disk.shareable ? .agreed : nil,
                writesThrough: mode == .writethrough)
        } catch {
            throw .device("disk \(disk.name)", "\(error)")
        }
    }

    private static func mode(_ cache: DiskCache) -> CacheMode {
        switch cache {
        case .none: .none
        case .writethrough: .writethrough
        case .writeback: .writeback
        }
    }

    private static func rate(_ limit: DiskRateLimit) -> DiskLimits.Rate {
        DiskLimits.Rate(perSecond: limit.perSecond, burst: limit.burst)
    }

    /// The engine of a queue.
    /// - Throws: `Errno` when the kernel has no descriptor or memory left.
    func engine(_ queue: Int) throws(Errno) -> DiskEngine {
        try LimitedEngine(RawEngine(engines.engine(queue)), limits: limits)
    }

    /// The same for a controller that takes engines of every kind.
    /// - Throws: `MachineError` that names the disk.
    func handles(_ queues: Int, of disk: String) throws(MachineError) -> [EngineHandle] {
        var all: [EngineHandle] = []
        for queue in 0..<queues {
            do throws(Errno) { all.append(.holding(try engine(queue))) } catch {
                throw .device("disk \(disk)", "\(error)")
            }
        }
        return all
    }
}
