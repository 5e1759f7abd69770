// SPDX-License-Identifier: Apache-2.0

import Control
import Glibc
import Linux

/// A machine to start: what its configuration says and the files that go with it.
struct GuestPlan {
    struct Disk {
        var path: String
        var isReadOnly = false
        var queues: UInt16 = 1
        var format = ImageFormat.raw
        /// What lies below it, top first.
        var backing: [(path: String, format: ImageFormat)] = []
        var io: DiskIO?
    }

    enum Console {
        /// Read by the proof.
        case heard
        /// A socket at this path.
        case socket(String)
    }

    var payload: String
    var words: String
    var cpus: UInt32 = 1
    var mebibytes = 64
    var disks: [Disk] = []
    var hasRNG = false
    var hasBalloon = false
    /// A channel whose other end nobody holds.
    var hasChannel = false
    var tap: Int32?
    var console = Console.heard

    /// The configuration, its descriptors added to the bundle; `output` is what the guest's console writes to.
    /// - Throws: `Errno` or `ProofFailure`.
    func configuration(
        output: borrowing FileDescriptor, into bundle: inout DescriptorBundle
    ) throws -> MachineConfiguration {
        let boot = BootConfiguration(
            kernel: try GuestPlan.slot(in: &bundle, FileDescriptor.open(payload, O_RDONLY)), commandLine: words)
        guard let uuid = MachineUUID(bytes: [UInt8](repeating: 7, count: 16)) else { throw ProofFailure("no UUID") }
        var machine = MachineConfiguration(
            name: "proof", uuid: uuid,
            cpu: CPUConfiguration(topology: CPUTopology(sockets: 1, cores: cpus, threads: 1)),
            memory: MemoryConfiguration(bytes: UInt64(mebibytes) << 20), boot: boot)
        for (index, disk) in disks.enumerated() {
            let file = try GuestPlan.slot(
                in: &bundle, FileDescriptor.open(disk.path, disk.isReadOnly ? O_RDONLY : O_RDWR))
            var planned = DiskConfiguration(name: "disk\(index)", file: file, readonly: disk.isReadOnly)
            planned.queues = disk.queues
            planned.format = disk.format
            planned.io = disk.io
            for layer in disk.backing {
                let file = try GuestPlan.slot(in: &bundle, FileDescriptor.open(layer.path, O_RDONLY))
                planned.backing.append(ImageLayer(file: file, format: layer.format))
            }
            machine.disks.append(planned)
        }
        if let tap {
            guard let mac = MACAddress(bytes: [2, 0, 0, 0, 0, 1]) else { throw ProofFailure("no MAC address") }
            let file = try GuestPlan.slot(in: &bundle, FileDescriptor.duplicate(of: tap))
            machine.nets = [NetConfiguration(name: "net", taps: [file], mac: mac)]
        }
        if hasBalloon { machine.balloon = BalloonConfiguration(statisticsSeconds: 1) }
        if hasChannel {
            let pair = try UnixSocket.pair()
            let slot = try GuestPlan.slot(in: &bundle, pair.first.descriptor.duplicate())
            machine.channels = [ChannelConfiguration(name: "proof", end: .stream(slot: slot))]
        }
        if hasRNG { machine.rng = .getrandom }
        switch console {
        case .heard:
            machine.console = .stdio(
                input: try GuestPlan.slot(in: &bundle, output.duplicate()),
                output: try GuestPlan.slot(in: &bundle, output.duplicate()))
        case .socket(let path):
            unlink(path)
            machine.console = .listener(slot: try GuestPlan.slot(in: &bundle, UnixSocket.listen(path).release()))
        }
        machine.pvpanic = true
        return machine
    }

    private static func slot(
        in bundle: inout DescriptorBundle, _ file: consuming FileDescriptor
    ) throws -> DescriptorSlot {
        guard let slot = bundle.add(file) else { throw ProofFailure("too many descriptors for one machine") }
        return slot
    }
}
