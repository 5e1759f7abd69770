// SPDX-License-Identifier: Apache-2.0

internal import Control
internal import Devices
internal import Linux
internal import Sandbox
internal import Storage

/// Builds disks: opens their files for engines, chooses engines, closes the doors of their threads.
struct DiskAssembly {
    /// A disk with one type of engine, whatever carries its requests out.
    typealias RawDisk = Block<LimitedEngine<RawEngine<HostFiles>>>

    private let cage: Cage
    private let cpus: CPUSet?
    // One program a class of thread, and one try of the host's io_uring, a machine.
    private var doors: [FileEngineKind: @Sendable () -> Void] = [:]
    private var ring: (kind: FileEngineKind, note: String?)?
    /// What an operator may want to know.
    private(set) var notes: [String] = []

    init(cage: Cage, cpus: CPUSet?) {
        self.cage = cage
        self.cpus = cpus
    }

    /// A virtio-blk disk with its threads.
    /// - Throws: `MachineError` that names the disk.
    mutating func block(
        _ disk: DiskConfiguration, _ descriptors: inout DescriptorBundle, thread: String
    ) throws(MachineError) -> RawDisk {
        let kind = engineKind(of: disk)
        let queueDoor = try door(kind == .ring ? .ring : .pool)
        let poolDoor: (@Sendable () -> Void)? = kind == .pool ? try door(.pool) : nil
        guard let slot = disk.file, let descriptor = descriptors.take(slot) else {
            throw .configuration(field: "disks[\(disk.name)].file", "its descriptor did not come")
        }
        let file = try DiskAssembly.open(descriptor, disk)
        do {
            let queues = Int(disk.queues)
            let engines = try FileEngines(
                [file], kind: kind, queues: queues, name: "io \(disk.name)", cpus: cpus, onStart: poolDoor)
            let limits = DiskLimits(requests: disk.requestLimit.map(Self.rate), bytes: disk.byteLimit.map(Self.rate))
            let profile = DiskProfile(
                name: disk.name, serial: disk.serial, logicalBlockBytes: disk.logicalBlockSize.map { Int($0) },
                physicalBlockBytes: disk.physicalBlockSize.map { Int($0) })
            return try Block(queues: queues, profile: profile, thread: thread, cpus: cpus, onStart: queueDoor) {
                queue in
                try LimitedEngine(RawEngine(engines.engine(queue)), limits: limits)
            }
        } catch {
            throw .device("disk \(disk.name)", "\(error)")
        }
    }

    private mutating func engineKind(of disk: DiskConfiguration) -> FileEngineKind {
        if disk.io == .threads { return .pool }
        let choice = ring ?? FileEngineKind.choose()
        ring = choice
        if disk.io == .native, let note = choice.note { notes.append("disk \(disk.name): \(note)") }
        return choice.kind
    }

    private mutating func door(_ kind: FileEngineKind) throws(MachineError) -> @Sendable () -> Void {
        if let door = doors[kind] { return door }
        let door = try Assembly.door(kind == .ring ? .ringBlock : .block, of: cage)
        doors[kind] = door
        return door
    }

    private static func open(
        _ descriptor: consuming FileDescriptor, _ disk: DiskConfiguration
    ) throws(MachineError) -> ImageFile {
        let mode: CacheMode
        do throws(Errno) {
            // A shared disk's other writers do not see this host's page cache.
            mode = try CacheMode.choose(disk.shareable ? .some(.none) : disk.cache.map(Self.mode), for: descriptor)
        } catch {
            throw .device(
                "disk \(disk.name)",
                "cache: none needs O_DIRECT, which its file system does not have (\(error)); use writethrough")
        }
        let lock: ImageLock? = disk.shareable ? .agreed : nil
        do throws(ImageError) {
            return try ImageFile(
                owning: descriptor, name: disk.name, readOnly: disk.readonly, lock: lock,
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
}
