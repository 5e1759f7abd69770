// SPDX-License-Identifier: Apache-2.0

/// A network interface of the machine.
public struct InterfaceSpec: Hashable, Sendable {
    /// How the interface is bound to its network.
    public enum Binding: Hashable, Sendable {
        case bridge
        case masquerade
        case sriov
        case passt
        /// A binding of former versions or of a plugin, by name.
        case other(String)
    }

    /// Whether the link is up.
    public enum State: String, CaseIterable, Hashable, Sendable {
        case up
        case down
        case absent
    }

    /// The name, which is also the network's.
    public var name: String
    /// How the interface is bound to its network.
    public var binding: Binding
    /// The device's model: `virtio` where not given.
    public var model: String
    /// The guest's Ethernet address, if one is given.
    public var macAddress: HardwareAddress?
    /// Ports that are forwarded to the guest; all where none is given.
    public var ports: [PortSpec]
    /// The place in the order of boot, from 1.
    public var bootOrder: UInt32?
    /// The device's place on the PCI bus.
    public var pciAddress: String?
    /// What the guest is told by DHCP.
    public var dhcpOptions: DHCPOptions?
    /// A word for the guest's configuration data.
    public var tag: String?
    /// The index that gives the interface its name in the guest.
    public var acpiIndex: UInt32?
    /// Whether the link is up, if it was said.
    public var state: State?

    init(name: String, binding: Binding) {
        self.name = name
        self.binding = binding
        model = "virtio"
        ports = []
    }

    init(_ reader: ObjectReader) {
        name = reader.requiredString("name", "name the network that this interface is connected to")
        model = reader.string("model") ?? "virtio"
        ports = reader.objects("ports") { PortSpec($0) }
        bootOrder = reader.integer("bootOrder", in: 1...UInt32.max)
        pciAddress = reader.string("pciAddress")
        dhcpOptions = reader.object("dhcpOptions") { DHCPOptions($0) }
        tag = reader.string("tag")
        acpiIndex = reader.integer("acpiIndex", in: 0...UInt32.max)
        state = reader.choice("state", State.self)
        if let text = reader.string("macAddress") {
            macAddress = HardwareAddress(text)
            Self.check(macAddress, text, at: reader.path.child("macAddress"), report: reader.report)
        }

        var bindings: [Binding] = []
        if reader.marker("bridge") { bindings.append(.bridge) }
        if reader.marker("masquerade") { bindings.append(.masquerade) }
        if reader.marker("sriov") { bindings.append(.sriov) }
        if reader.marker("passtBinding") { bindings.append(.passt) }
        for former in ["slirp", "macvtap", "passt"] where reader.marker(former) { bindings.append(.other(former)) }
        if let plugin = reader.object("binding", { $0.requiredString("name", "name the plugin") }) {
            bindings.append(.other(plugin))
        }
        binding = bindings.first ?? .bridge
        if bindings.count != 1 {
            let reported = ["bridge", "masquerade", "sriov", "passtBinding", "slirp", "macvtap", "passt", "binding"]
                .contains { reader.report.hasProblem(at: reader.path.child($0)) }
            if !reported {
                reader.report.refuse(
                    reader.path,
                    "must have exactly one binding method; write masquerade: {} or bridge: {}")
            }
        }
    }

    private static func check(_ address: HardwareAddress?, _ text: String, at path: FieldPath, report: Report) {
        guard let address else {
            return report.refuse(
                path,
                "malformed MAC address (\(printable(text))); write six pairs of hexadecimal digits, as 02:00:00:00:00:01"
            )
        }
        if address.isGroup {
            report.refuse(path, "is a group address; make the first byte even")
        } else if address.bytes.allSatisfy({ $0 == 0 }) {
            report.refuse(path, "must not be all zeros")
        }
    }
}
