// SPDX-License-Identifier: Apache-2.0

/// The specification of one virtual machine instance, defaults applied.
public struct InstanceSpec: Hashable, Sendable {
    /// The machine itself.
    public var domain: DomainSpec

    /// What the disks are made of, by name.
    public var volumes: [VolumeSpec]

    /// What the interfaces are connected to, by name.
    public var networks: [NetworkSpec]

    /// The guest's host name, if one is given; see `VirtualMachineInstance.guestHostname`.
    public var hostname: String?

    /// The guest's DNS subdomain.
    public var subdomain: String?

    /// Seconds between the press of the power button and the end, 30 where not given.
    public var terminationGracePeriodSeconds: Int64

    /// How to start.
    public var startStrategy: StartStrategy?

    /// When the guest is to be taken for dead.
    public var livenessProbe: ProbeSpec?

    /// When the guest is to be taken for ready.
    public var readinessProbe: ProbeSpec?

    /// Keys and passwords to be put into the guest.
    public var accessCredentials: [AccessCredential]

    /// The processor architecture: `amd64` where not given.
    public var architecture: String

    init(_ reader: ObjectReader) {
        let domain = reader.object("domain") { DomainSpec($0) }
        self.domain = domain ?? DomainSpec.absent(in: reader)
        volumes = reader.objects("volumes") { VolumeSpec($0) }
        networks = reader.objects("networks") { NetworkSpec($0) }
        hostname = reader.string("hostname")
        subdomain = reader.string("subdomain")
        terminationGracePeriodSeconds =
            reader.integer("terminationGracePeriodSeconds", in: 0...Int64(Int32.max)) ?? 30
        startStrategy = reader.choice("startStrategy", StartStrategy.self)
        livenessProbe = reader.object("livenessProbe") { ProbeSpec($0) }
        readinessProbe = reader.object("readinessProbe") { ProbeSpec($0) }
        accessCredentials = reader.objects("accessCredentials") { AccessCredential($0) }
        architecture = reader.string("architecture") ?? "amd64"
        _ = reader.choice("evictionStrategy", EvictionStrategy.self)
        applyNetworkDefault()
        // Without a domain nothing fits together, and one line says so.
        if domain != nil { validate(at: reader.path, report: reader.report) }
    }

    /// Attaches the pod's network where nothing is said of networks, as KubeVirt does by default with `bridge`
    /// (pkg/network/vmispec/defaults.go).
    private mutating func applyNetworkDefault() {
        guard domain.devices.autoattachPodInterface, networks.isEmpty, domain.devices.interfaces.isEmpty else { return }
        domain.devices.interfaces = [InterfaceSpec(name: "default", binding: .bridge)]
        networks = [NetworkSpec(name: "default", source: .pod(PodNetworkSource()))]
    }

    /// A disk, the volume under it, and whether the guest may write to it.
    public struct AttachedDisk: Hashable, Sendable {
        /// The disk.
        public var disk: DiskSpec
        /// The volume of the same name.
        public var volume: VolumeSpec
        /// True when the disk, its claim or the nature of its volume forbids writing.
        public var isReadOnly: Bool
    }

    /// The disks in the order the guest is to see them: by `bootOrder`, then as written.
    public var attachedDisks: [AttachedDisk] {
        let volumesByName = Dictionary(volumes.map { ($0.name, $0) }) { first, _ in first }
        let ordered = domain.devices.disks.enumerated().sorted { left, right in
            (left.element.bootOrder ?? .max, left.offset) < (right.element.bootOrder ?? .max, right.offset)
        }
        return ordered.compactMap { _, disk in
            volumesByName[disk.name].map {
                AttachedDisk(disk: disk, volume: $0, isReadOnly: disk.target.isReadOnly || $0.source.isReadOnly)
            }
        }
    }
}
