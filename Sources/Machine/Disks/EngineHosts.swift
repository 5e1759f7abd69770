// SPDX-License-Identifier: Apache-2.0

internal import Control
internal import Devices
internal import Linux
internal import Sandbox
internal import Storage

/// What a machine's disks may use to carry requests out, found out before the cage closes.
struct EngineHosts {
    private let cage: Cage
    private let cpus: CPUSet?
    // One try of the host's io_uring a machine; nil when no disk asks for one.
    private let choice: FileEngineKind?
    /// What an operator may want to know.
    let notes: [String]

    init(_ disks: [DiskConfiguration], cage: Cage, cpus: CPUSet?) {
        self.cage = cage
        self.cpus = cpus
        guard disks.contains(where: { $0.io != .threads && $0.file != nil }) else {
            choice = nil
            notes = []
            return
        }
        let (kind, note) = FileEngineKind.choose()
        choice = kind
        notes = disks.filter { $0.io == .native }.compactMap { disk in note.map { "disk \(disk.name): \($0)" } }
    }

    /// The filter for a thread that serves disks.
    func confined(_ filter: SystemCallFilter) -> SystemCallFilter { choice == .ring ? filter.withRing : filter }

    /// The engines of a disk, one a queue.
    /// - Throws: `Errno` or `MachineError`.
    func engines(of disk: DiskConfiguration, _ files: [ImageFile], queues: Int) throws -> FileEngines {
        let kind = disk.io == .threads ? .pool : choice ?? .pool
        // The pool's threads do not touch the guest or its vCPUs.
        let door = kind == .pool ? try Assembly.door(.block, of: cage) : nil
        return try FileEngines(files, kind: kind, queues: queues, name: "io \(disk.name)", cpus: cpus, onStart: door)
    }
}
