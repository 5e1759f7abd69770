// SPDX-License-Identifier: Apache-2.0

internal import Control
internal import Devices
internal import Linux
internal import Storage

/// What carries requests of one queue to a disk's image: one type, whatever was chosen.
typealias DiskEngine = LimitedEngine<FormatEngine>

/// A disk's image and the engines over it, one a queue.
struct DiskEngines {
    private let engines: FileEngines
    private let limits: DiskLimits?
    /// What the engines are over.
    let files: DiskFiles
    private let isShared: Bool
    /// Takes a LUN's commands, when it is a SCSI device of the host.
    var carrier: (any CommandCarrier)? { files.carrier }

    /// Takes over the descriptors of a disk's slots.
    /// - Parameters:
    ///   - queues: how many engines there will be; as many as the disk asks for when nil.
    ///   - hosts: makes rings and threads; nil once the cage has closed, when neither can be made.
    /// - Throws: `MachineError` that names the disk.
    init(
        _ disk: DiskConfiguration, _ descriptors: inout DescriptorBundle, queues: Int? = nil, hosts: EngineHosts? = nil
    ) throws(MachineError) {
        let queues = queues ?? Int(disk.queues)
        files = try DiskFiles(disk, &descriptors)
        limits = DiskLimits(requests: disk.requestLimit.map(Self.rate), bytes: disk.byteLimit.map(Self.rate))
        isShared = queues > 1
        do {
            engines =
                try hosts?.engines(of: disk, files.files, queues: queues) ?? FileEngines(files.files, kind: .blocking)
        } catch {
            throw .device("disk \(disk.name)", "\(error)")
        }
    }

    /// A medium for a CD-ROM drive.
    /// - Throws: `MachineError` that names the disk.
    init(medium descriptor: consuming FileDescriptor, of disk: String) throws(MachineError) {
        limits = nil
        isShared = false
        files = try DiskFiles(medium: descriptor, of: disk)
        do throws(Errno) { engines = try FileEngines(files.files, kind: .blocking) } catch {
            throw .device("disk \(disk)", "\(error)")
        }
    }

    private static func rate(_ limit: DiskRateLimit) -> DiskLimits.Rate {
        DiskLimits.Rate(perSecond: limit.perSecond, burst: limit.burst)
    }

    /// The engine of a queue.
    /// - Throws: `Errno` when the kernel has no descriptor or memory left.
    func engine(_ queue: Int) throws(Errno) -> DiskEngine {
        guard let chain = files.chain else {
            return try LimitedEngine(FormatEngine(raw: engines, queue: queue), limits: limits)
        }
        return try LimitedEngine(
            FormatEngine(chain, engines, queue: queue, isShared: isShared, writesThrough: files.writesThrough),
            limits: limits)
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
