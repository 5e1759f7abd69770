// SPDX-License-Identifier: Apache-2.0

extension InstanceSpec {
    /// Each interface has a network, each network an interface, and the pod's network is there once
    /// (pkg/network/admitter).
    func validateNetworks(at path: FieldPath, report: Report) {
        let interfacePath = path.child("domain").child("devices").child("interfaces")
        let networkPath = path.child("networks")
        let interfaces = domain.devices.interfaces
        let sources = Dictionary(networks.map { ($0.name, $0.source) }) { first, _ in first }
        let interfaceNames = Set(interfaces.map(\.name))
        checkUnique(interfaces.map(\.name), at: interfacePath, report: report)
        checkUnique(networks.map(\.name), at: networkPath, report: report)
        for (index, interface) in interfaces.enumerated() where !interface.name.isEmpty {
            check(interface, source: sources[interface.name], at: interfacePath[index], networkPath, report)
        }
        for (index, network) in networks.enumerated() where !network.name.isEmpty {
            if !interfaceNames.contains(network.name) {
                report.refuse(
                    networkPath[index].child("name"),
                    "\(printable(network.name)) not found among \(interfacePath.shown); add an interface of this name")
            }
        }
        var podNetworks = 0
        var defaultNetworks = 0
        for (index, network) in networks.enumerated() {
            switch network.source {
            case .pod(let source):
                podNetworks += 1
                check(source, at: networkPath[index].child("pod"), report)
            case .multus(_, let isDefault): defaultNetworks += isDefault ? 1 : 0
            }
            if podNetworks > 1, case .pod = network.source {
                report.refuse(networkPath[index], "more than one network is the pod's; keep one, or use multus")
            } else if podNetworks + defaultNetworks > 1, defaultNetworks > 0 {
                report.refuse(networkPath[index], "more than one network is the default; keep one of them")
            }
        }
        checkAddresses(at: interfacePath, report: report)
    }

    private func check(
        _ interface: InterfaceSpec, source: NetworkSpec.Source?, at path: FieldPath, _ networkPath: FieldPath,
        _ report: Report
    ) {
        let isPlain = interface.name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
        let field = path.child("name")
        if !isPlain {
            report.refuse(field, "can only contain alphabetical characters, numbers, dashes (-) or underscores (_)")
        } else if interface.name.utf8.count > 63 {
            report.refuse(field, "must be at most 63 characters; shorten it")
        } else if source == nil {
            report.refuse(
                field, "\(printable(interface.name)) not found among \(networkPath.shown); add a network of this name")
        }
        if let options = interface.dhcpOptions { check(options, at: path.child("dhcpOptions"), report) }
        guard interface.binding == .masquerade else { return }
        if case .multus = source {
            report.refuse(path.child("masquerade"), "only works on the pod's network; use bridge: {}")
        }
        if interface.macAddress?.bytes == [2, 0, 0, 0, 0, 0] {
            report.refuse(path.child("macAddress"), "is reserved for the in-pod bridge; choose another one")
        }
    }

    /// The guest's networks behind masquerade need room for themselves, the router, the guest and a broadcast.
    private func check(_ source: PodNetworkSource, at path: FieldPath, _ report: Report) {
        for (name, text, isIPv4, example) in [
            ("vmNetworkCIDR", source.vmNetworkCIDR, true, "10.0.2.0/24"),
            ("vmIPv6NetworkCIDR", source.vmIPv6NetworkCIDR, false, "fd10:0:2::/120"),
        ] {
            guard let text, !text.isEmpty else { continue }
            let prefix = IPPrefix(text)
            if prefix?.isIPv4 != isIPv4 || (prefix?.host(3)) == nil {
                report.refuse(
                    path.child(name),
                    "\(printable(text)) is no IPv\(isIPv4 ? 4 : 6) network of four addresses; write \(example)")
            }
        }
    }

    /// What is said by DHCP has to fit into its options (RFC 2132).
    private func check(_ options: DHCPOptions, at path: FieldPath, _ report: Report) {
        for (index, server) in options.ntpServers.enumerated() where IPv4Address(server) == nil {
            report.refuse(path.child("ntpServers")[index], "\(printable(server)) is no IPv4 address; write one")
        }
        for (name, text) in [("bootFileName", options.bootFileName), ("tftpServerName", options.tftpServerName)]
        where (text?.utf8.count ?? 0) > 255 {
            report.refuse(path.child(name), "is longer than 255 bytes; shorten it")
        }
        if options.privateOptions.values.contains(where: { $0.utf8.count > 255 }) {
            report.refuse(path.child("privateOptions"), "has a value of more than 255 bytes; shorten it")
        }
    }

    private func checkAddresses(at path: FieldPath, report: Report) {
        var first: [HardwareAddress: Int] = [:]
        for (index, interface) in domain.devices.interfaces.enumerated() {
            guard let address = interface.macAddress else { continue }
            if let other = first[address] {
                report.refuse(
                    path[index].child("macAddress"), "is also the address of \(path[other].shown); give each its own")
            } else {
                first[address] = index
            }
        }
    }
}
