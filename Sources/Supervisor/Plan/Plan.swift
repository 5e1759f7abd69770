// SPDX-License-Identifier: Apache-2.0

import Control
import PodNetwork
import VMISpec

/// What a launcher is told and given: a pure function of the manifest, what was said beside it, and the host's facts.
public struct Plan: Equatable, Sendable {
    /// The machine.
    public var configuration: MachineConfiguration
    /// What the slots of the configuration refer to, in order.
    public var descriptors: [PlannedDescriptor]
    /// What the guest's agent is to keep in the guest.
    public var credentials: [PlannedCredential]

    /// Plans the machine of a manifest.
    /// - Throws: `SupervisorError` that names the field and the remedy; nothing was opened or started.
    public init(_ manifest: VMIManifest, _ options: LaunchOptions, _ facts: PodFacts) throws(SupervisorError) {
        let paths = ManifestPaths(manifest)
        let instance = manifest.instance
        let domain = instance.spec.domain
        var descriptors = DescriptorList()

        let placement = try Placement(domain, facts, paths)
        let memory = try Self.memory(of: domain, placement, facts, paths)
        let boot = try Self.boot(of: domain, options, paths, &descriptors)
        guard let uuid = MachineUUID(bytes: instance.firmwareUUID.bytes) else {
            throw SupervisorError("\(paths.domain).firmware.uuid", "is no UUID")
        }
        var machine = MachineConfiguration(
            name: instance.metadata.name, uuid: uuid, cpu: Self.processors(of: domain.cpu, placement), memory: memory,
            boot: boot)
        // KubeVirt's strings (GetSMBIOSConfig, pkg/virt-config), which guests may match.
        machine.smbios = SMBIOSStrings(
            manufacturer: "KubeVirt", product: "None", serial: domain.firmware.serial ?? "", family: "KubeVirt")
        machine.disks = try Self.disks(of: instance.spec, paths, &descriptors)
        machine.hasSCSI = !domain.devices.disableHotplug
        machine.nets = try Self.interfaces(of: instance, options, facts, paths, &descriptors)
        machine.rng = domain.devices.rng ? .getrandom : nil
        machine.vsock = try Self.socket(of: instance, options, paths, &descriptors)
        machine.console =
            domain.devices.autoattachSerialConsole
            ? .listener(slot: try descriptors.add(.console, field: "\(paths.domain).devices")) : .nowhere
        machine.balloon = Self.balloon(of: instance)
        machine.watchdog = domain.devices.watchdog.map { Self.watchdog($0.action) }
        // KubeVirt's machines have it whatever the manifest says; an agent in the guest is found by it.
        machine.channels = [
            ChannelConfiguration(
                name: ChannelConfiguration.guestAgent,
                end: .stream(slot: try descriptors.add(.agent, field: "\(paths.domain).devices")))
        ]
        machine.pvpanic = true
        machine.sandbox = options.sandbox
        configuration = machine
        self.descriptors = descriptors.entries
        credentials = try Self.credentials(of: instance.spec, options, paths)
        do throws(ConfigurationError) {
            try machine.validate(descriptors: descriptors.entries.count)
        } catch {
            throw SupervisorError("The machine of this manifest cannot be configured: \(error)")
        }
    }

    private static func processors(of cpu: CPUSpec, _ placement: Placement) -> CPUConfiguration {
        CPUConfiguration(
            topology: CPUTopology(sockets: cpu.sockets, cores: cpu.cores, threads: cpu.threads),
            model: cpu.model == "host-passthrough" ? .hostPassthrough : .hostModel,
            features: cpu.features.map { feature in
                Control.CPUFeature(
                    name: feature.name, policy: CPUFeaturePolicy(rawValue: feature.policy.rawValue) ?? .require)
            },
            pinning: placement.pinning.map { $0.map { UInt32(clamping: $0) } },
            emulatorCPUs: placement.emulatorCPUs.map { $0.map { UInt32(clamping: $0) } })
    }

    private static func boot(
        of domain: DomainSpec, _ options: LaunchOptions, _ paths: ManifestPaths, _ descriptors: inout DescriptorList
    ) throws(SupervisorError) -> BootConfiguration {
        let field = "\(paths.domain).firmware.kernelBoot"
        guard let boot = domain.firmware.kernelBoot, let container = boot.container, let kernel = container.kernelPath
        else {
            throw SupervisorError(field, "is required; name a kernel")
        }
        guard let directory = options.images[container.image] else {
            throw SupervisorError(
                "\(field).container.image",
                "image \"\(container.image)\" has no directory; pass --image \(container.image)=DIR")
        }
        var configuration = BootConfiguration(
            kernel: try descriptors.add(
                .image(path: kernel, directory: directory), field: "\(field).container.kernelPath"),
            commandLine: boot.kernelArguments)
        if let initrd = container.initrdPath {
            configuration.initrd = try descriptors.add(
                .image(path: initrd, directory: directory), field: "\(field).container.initrdPath")
        }
        return configuration
    }

    private static func disks(
        of spec: InstanceSpec, _ paths: ManifestPaths, _ descriptors: inout DescriptorList
    ) throws(SupervisorError) -> [DiskConfiguration] {
        var disks: [DiskConfiguration] = []
        for attached in spec.attachedDisks {
            let place = spec.volumes.firstIndex { $0.name == attached.volume.name } ?? 0
            let slot = try descriptors.add(
                .volume(attached.volume, isReadOnly: attached.isReadOnly), field: "\(paths.spec).volumes[\(place)]")
            disks.append(Self.disk(attached, file: slot, of: spec.domain))
        }
        return disks
    }

    private static func interfaces(
        of instance: VirtualMachineInstance, _ options: LaunchOptions, _ facts: PodFacts, _ paths: ManifestPaths,
        _ descriptors: inout DescriptorList
    ) throws(SupervisorError) -> [NetConfiguration] {
        let devices = instance.spec.domain.devices
        let vcpus = Int(clamping: instance.spec.domain.cpu.vcpuCount)
        let pairs = devices.networkInterfaceMultiqueue ? min(max(vcpus, 1), ConfigurationLimits.queuePairs) : 1
        var nets: [NetConfiguration] = []
        for (index, interface) in instance.spec.domain.devices.interfaces.enumerated() {
            let field = "\(paths.domain).devices.interfaces[\(index)]"
            guard let tap = options.taps[interface.name] else {
                throw SupervisorError(
                    field,
                    "network \"\(interface.name)\" has no tap; pass --tap \(interface.name)=TAP, "
                        + "or set autoattachPodInterface: false and remove the interface")
            }
            let bytes = interface.macAddress?.bytes ?? StableAddress.bytes(of: interface.name, in: instance)
            guard let mac = MACAddress(bytes: bytes) else {
                throw SupervisorError("\(field).macAddress", "is no Ethernet address")
            }
            var net = NetConfiguration(name: interface.name, taps: [], mac: mac, bootOrder: interface.bootOrder)
            net.isUp = interface.state != .down
            for _ in 0..<pairs {
                net.taps.append(
                    try descriptors.add(
                        .tap(name: tap, isOneOfSeveral: pairs > 1, network: interface.name, interface: index),
                        field: field))
                if facts.hasVhostNet { net.vhost.append(try descriptors.add(.vhostNet, field: field)) }
            }
            nets.append(net)
        }
        return nets
    }
}
