// SPDX-License-Identifier: Apache-2.0

import VMISpec

/// How the interfaces of an instance get to their networks: a pure function of the manifest and the pod's facts.
struct AttachmentPlan {
    /// One a interface, in the manifest's order.
    private(set) var attachments: [Attachment] = []

    private let instance: VirtualMachineInstance
    private let options: PodNetworkOptions
    private let facts: PodNetworkFacts

    /// - Throws: `NetworkError` that names the field and the remedy.
    init(
        _ instance: VirtualMachineInstance, _ options: PodNetworkOptions, _ facts: PodNetworkFacts
    ) throws(NetworkError) {
        self.instance = instance
        self.options = options
        self.facts = facts
        for (place, interface) in instance.spec.domain.devices.interfaces.enumerated() {
            let field = "\(options.specPath).domain.devices.interfaces[\(place)]"
            attachments.append(try attachment(of: interface, at: place, field))
        }
    }

    private func attachment(
        of interface: InterfaceSpec, at place: Int, _ field: String
    ) throws(NetworkError) -> Attachment {
        guard let network = instance.spec.networks.first(where: { $0.name == interface.name }) else {
            throw NetworkError(
                "\(field).name", "there is no network \"\(interface.name)\"; add one to \(options.specPath).networks")
        }
        if let tap = options.taps[interface.name] {
            try refuseServices(interface, field)
            return Attachment(
                interface: interface, field: field, kind: .tap, tap: tap,
                hardwareAddress: interface.macAddress?.bytes ?? StableAddress.bytes(of: interface.name, in: instance))
        }
        let names = PodInterfaceNames(
            of: network, among: instance.spec.networks, interfaces: facts.links.map(\.name))
        guard let podLink = facts.link(names.pod) else {
            throw NetworkError(
                field,
                "network \"\(interface.name)\" has no interface \(names.pod) in this pod; "
                    + "check the pod's network attachment, or pass --tap \(interface.name)=TAP")
        }
        let attachment: Attachment
        switch interface.binding {
        case .masquerade: attachment = try masquerade(interface, network, field, names, podLink)
        case .bridge: attachment = try bridge(interface, at: place, field, names, podLink)
        case .sriov, .passt, .other:
            throw NetworkError(field, "this binding is not supported; write masquerade: {} or bridge: {}")
        }
        if attachment.guest?.ipv4 != nil || attachment.guest?.ipv6 != nil, !facts.mayServe {
            throw NetworkError(
                field,
                "the guest's DHCP service needs a port below 1024; give the container the capability NET_BIND_SERVICE")
        }
        if options.mode == .own, !facts.mayAdminister {
            throw NetworkError(
                field,
                "devices cannot be made without the capability NET_ADMIN; add it to the container, "
                    + "or have \(names.tap) on \(names.bridge) prepared for user \(facts.user)")
        }
        return attachment
    }

    /// Nobody answers the guest on a tap that is somebody else's.
    private func refuseServices(_ interface: InterfaceSpec, _ field: String) throws(NetworkError) {
        let why = "has no effect on a tap given by --tap, whose network is not this program's"
        if !interface.ports.isEmpty { throw NetworkError("\(field).ports", "\(why); remove the field") }
        if interface.dhcpOptions != nil { throw NetworkError("\(field).dhcpOptions", "\(why); remove the field") }
    }

    // MARK: Masquerade

    private func masquerade(
        _ interface: InterfaceSpec, _ network: NetworkSpec, _ field: String, _ names: PodInterfaceNames,
        _ podLink: PodLink
    ) throws(NetworkError) -> Attachment {
        guard case .pod(let source) = network.source else {
            throw NetworkError("\(field).masquerade", "only works on the pod's network; use bridge: {}")
        }
        let place = instance.spec.networks.firstIndex(of: network) ?? 0
        let path = "\(options.specPath).networks[\(place)].pod"
        var guest = told(interface, podLink)
        var bridgeAddresses: [IPPrefix] = []
        if podLink.globalAddress(ipv4: true) != nil {
            let text = source.vmNetworkCIDR.nonEmpty ?? "10.0.2.0/24"
            guard let prefix = IPPrefix(text), let router = prefix.host(1), let address = prefix.host(2),
                let routerAddress = router.ipv4, prefix.length <= 30
            else {
                throw NetworkError("\(path).vmNetworkCIDR", "is no IPv4 network of four addresses; write 10.0.2.0/24")
            }
            guest.ipv4 = GuestConfiguration.IPv4(address: address, router: routerAddress, server: routerAddress)
            bridgeAddresses.append(router)
        }
        if podLink.globalAddress(ipv4: false) != nil {
            let text = source.vmIPv6NetworkCIDR.nonEmpty ?? "fd10:0:2::/120"
            guard let prefix = IPPrefix(text), !prefix.isIPv4, let router = prefix.host(1), prefix.length <= 126,
                let address = prefix.host(2), let local = IPv6Address(linkLocalOf: Attachment.masqueradeBridge)
            else {
                throw NetworkError(
                    "\(path).vmIPv6NetworkCIDR", "is no IPv6 network of four addresses; write fd10:0:2::/120")
            }
            guest.ipv6 = GuestConfiguration.IPv6(address: address, router: local)
            bridgeAddresses.append(router)
        }
        guard !bridgeAddresses.isEmpty else {
            throw NetworkError(
                field, "\(names.pod) has no address that others reach, so nothing can be translated; use bridge: {}")
        }
        return Attachment(
            interface: interface, field: field, kind: .masquerade, names: names, tap: names.tap, podLink: podLink,
            bridgeAddresses: bridgeAddresses,
            hardwareAddress: interface.macAddress?.bytes ?? StableAddress.bytes(of: interface.name, in: instance),
            guest: guest)
    }

    // MARK: Bridge

    private func bridge(
        _ interface: InterfaceSpec, at place: Int, _ field: String, _ names: PodInterfaceNames, _ podLink: PodLink
    ) throws(NetworkError) -> Attachment {
        guard podLink.hardwareAddress.count == 6 else {
            throw NetworkError(field, "\(names.pod) is no Ethernet device and cannot be bridged; use masquerade: {}")
        }
        var guest = told(interface, podLink)
        // What went before the pod's address moved to a stand-in is in the node agent's file.
        let cached = options.mode == .prepared ? BridgeCache.read(names.pod, in: options.cacheDirectory) : nil
        let hardware = interface.macAddress?.bytes ?? cached?.hardwareAddress ?? podLink.hardwareAddress
        var bridgeAddresses: [IPPrefix] = []
        let address = cached.map { $0.isDisabled ? nil : $0.address } ?? podLink.globalAddress(ipv4: true)
        if let address, let server = IPPrefix(bytes: [169, 254, 75, UInt8(clamping: 10 + place)], length: 32),
            let serverAddress = server.ipv4
        {
            let routes = (cached?.routes ?? podLink.routes.filter { !$0.isConnected })
                .filter { !($0.gateway == nil && $0.destination == address.network) }
            let router = cached?.router ?? routes.first { $0.destination.length == 0 }?.gateway
            guest.ipv4 = GuestConfiguration.IPv4(
                address: address, router: router, server: serverAddress, routes: routes)
            guest.onlyClient = hardware
            bridgeAddresses.append(server)
        }
        return Attachment(
            interface: interface, field: field, kind: .bridge, names: names, tap: names.tap, podLink: podLink,
            bridgeAddresses: bridgeAddresses, hardwareAddress: hardware, guest: guest)
    }

    /// What the guest is told whatever its binding.
    private func told(_ interface: InterfaceSpec, _ podLink: PodLink) -> GuestConfiguration {
        GuestConfiguration(
            mtu: UInt16(clamping: max(podLink.mtu, 68)), hostname: instance.guestHostname,
            resolver: facts.resolver.adding(subdomain: instance.spec.subdomain), options: interface.dhcpOptions,
            routerHardware: Attachment.masqueradeBridge)
    }
}

extension String? {
    /// Nil for an empty text too, as Go has it.
    fileprivate var nonEmpty: String? { self == "" ? nil : self }
}
