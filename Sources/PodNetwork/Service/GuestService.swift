// SPDX-License-Identifier: Apache-2.0

internal import CLinux
import Linux
import VMISpec

/// What answers one guest interface: DHCP over UDP, router advertisements where there is a port for them.
final class GuestService {
    private let ipv4: DatagramSocket?
    private let ipv6: DatagramSocket?
    private let router: RouterPort?
    private let server4: DHCPv4Server?
    private let server6: DHCPv6Server?

    /// All_DHCP_Relay_Agents_and_Servers (RFC 8415 §7.1).
    private static let allServers = IPv6Address("ff02::1:2")

    /// The descriptors to watch for reading.
    let descriptors: [Int32]
    /// Whether router advertisements go out.
    let advertises: Bool

    /// Opens the ports on a bridge.
    /// - Throws: `Errno`.
    init(
        _ guest: GuestConfiguration, bridge: String, index: UInt32, router: RouterPort?
    ) throws(Errno) {
        server4 = DHCPv4Server(guest)
        server6 = DHCPv6Server(guest)
        ipv4 = server4 == nil ? nil : try DatagramSocket(port: 67, ipv6: false, device: bridge)
        if server6 != nil, let group = Self.allServers {
            let socket = try DatagramSocket(port: 547, ipv6: true, device: bridge)
            try socket.join(group, interface: index)
            ipv6 = socket
        } else {
            ipv6 = nil
        }
        self.router = router
        var descriptors: [Int32] = []
        if let raw = ipv4?.descriptor.raw { descriptors.append(raw) }
        if let raw = ipv6?.descriptor.raw { descriptors.append(raw) }
        if let raw = self.router?.descriptor.raw { descriptors.append(raw) }
        self.descriptors = descriptors
        advertises = self.router != nil
    }

    /// Answers what has come in, a few datagrams at a time; level-triggered polling tells of the rest.
    func serve() {
        for _ in 0..<PodNetworkService.mostAtOnce {
            guard let (bytes, _) = ipv4?.receive() else { break }
            guard let reply = server4?.answer(bytes) else { continue }
            ipv4?.send(reply.bytes, to: clinux_peer(reply.destination, port: reply.goesToRelay ? 67 : 68))
        }
        for _ in 0..<PodNetworkService.mostAtOnce {
            guard let (bytes, sender) = ipv6?.receive() else { break }
            guard sender.ipv6?.isLinkLocal == true, let reply = server6?.answer(bytes) else { continue }
            var client = sender
            client.port = 546
            ipv6?.send(reply, to: client)
        }
        router?.serve()
    }

    /// Says unasked who the router is.
    func advertise() { router?.advertise() }
}
