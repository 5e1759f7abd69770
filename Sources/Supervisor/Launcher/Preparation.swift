// SPDX-License-Identifier: Apache-2.0

import Control
import Glibc
import Linux
import PodNetwork
import VMISpec
import Volumes

/// A machine's configuration together with its open descriptors, ready to be sent to a launcher.
public struct Preparation: ~Copyable {
    /// The machine, completed by what was learnt from its files and devices.
    public private(set) var configuration: MachineConfiguration
    /// The descriptors in the order of the configuration's slots.
    public private(set) var descriptors: DescriptorBundle
    /// The host's end of the guest agent's channel, once.
    private var agent: FileDescriptor?

    private init(
        _ configuration: MachineConfiguration, _ descriptors: consuming DescriptorBundle,
        _ agent: consuming FileDescriptor?
    ) {
        self.configuration = configuration
        self.descriptors = descriptors
        self.agent = agent
    }

    /// Opens everything that a plan asks for.
    /// - Parameters:
    ///   - network: the instance's interfaces.
    ///   - directory: the instance's runtime directory: made disks and the console's socket are put there.
    /// - Throws: `SupervisorError` that names the field and the remedy.
    public static func make(
        _ plan: Plan, of instance: VirtualMachineInstance, _ options: LaunchOptions, _ network: GuestNetwork,
        in directory: String
    ) throws(SupervisorError) -> Preparation {
        var configuration = plan.configuration
        for (index, connected) in network.interfaces.enumerated() where configuration.nets.indices.contains(index) {
            configuration.nets[index].mtu = connected.mtu
            if let mac = MACAddress(bytes: connected.hardwareAddress) { configuration.nets[index].mac = mac }
        }
        var descriptors = DescriptorBundle()
        var agent: FileDescriptor?
        for credential in plan.credentials { try credential.check() }
        let volumes = VolumeSources(options, directory: directory)
        var layers = LowerLayers()
        for planned in plan.descriptors {
            if case .volume(let volume, let isReadOnly) = planned.source {
                do throws(VolumeError) {
                    let disk = try volumes.disk(for: volume, isReadOnly: isReadOnly, field: planned.field, of: instance)
                    layers.take(disk, of: volume.name, field: planned.field, top: &descriptors)
                } catch { throw SupervisorError("\(error)") }
                continue
            }
            let opened = try open(planned, &configuration, network, in: directory, &agent)
            guard descriptors.add(opened) != nil else {
                throw SupervisorError(planned.field, "the machine has too many files; remove some")
            }
        }
        try layers.add(to: &descriptors, &configuration)
        return Preparation(configuration, descriptors, agent)
    }

    private static func open(
        _ planned: PlannedDescriptor, _ configuration: inout MachineConfiguration, _ network: GuestNetwork,
        in directory: String,
        _ agent: inout FileDescriptor?
    ) throws(SupervisorError) -> FileDescriptor {
        do {
            switch planned.source {
            case .image(let path, let image):
                return try ImageDirectory.open(path, of: image, field: planned.field)
            case .volume: throw SupervisorError(planned.field, "is opened with the layers below it")
            case .tap(let interface, let queue):
                guard let tap = network.takeTap(interface: interface, queue: queue) else {
                    throw SupervisorError(planned.field, "the interface has no tap for its queue \(queue)")
                }
                return tap
            case .vhostNet:
                do throws(Errno) { return try FileDescriptor.open(PodFacts.vhostNet, O_RDWR) } catch {
                    throw SupervisorError(
                        planned.field, "\(PodFacts.vhostNet) cannot be opened: \(error.reason); is it the pod's to use?"
                    )
                }
            case .vsock(let cid, let start):
                let vsock = try PodVsock.open(wanted: cid, from: start, field: planned.field)
                configuration.vsock?.cid = vsock.cid
                return try vsock.descriptor.duplicate()
            case .console:
                let socket = try SocketPath.listen(RuntimeDirectory.File.launcherConsole.rawValue, in: directory)
                return try socket.descriptor.duplicate()
            case .agent:
                let pair = try UnixSocket.pair()
                agent = try pair.first.descriptor.duplicate()
                return try pair.second.descriptor.duplicate()
            }
        } catch let error as Errno {
            throw SupervisorError(planned.field, "a socket cannot be made in \(directory): \(error)")
        } catch {
            throw SupervisorError("\(error)")
        }
    }

    /// Hands the host's end of the guest agent's channel over, once.
    mutating func takeAgent() -> FileDescriptor? {
        var taken: FileDescriptor?
        swap(&taken, &agent)
        return taken
    }

    /// Hands the descriptors over, once.
    mutating func takeDescriptors() -> DescriptorBundle {
        var taken = DescriptorBundle()
        swap(&taken, &descriptors)
        return taken
    }
}
