// SPDX-License-Identifier: Apache-2.0

import VMISpec

/// A DHCP server of one lease (RFC 2131, RFC 2132): a function from what came in to what goes out.
struct DHCPv4Server: Equatable, Sendable {
    /// A reply, and where to.
    struct Reply: Equatable {
        /// The datagram.
        var bytes: [UInt8]
        /// The client's address, or 255.255.255.255 as long as it has none.
        var destination: IPv4Address
        /// The relay's port 67 rather than the client's port 68.
        var goesToRelay: Bool
    }

    /// The length of a lease in seconds: 999 days, as KubeVirt's.
    static let leaseSeconds: UInt32 = 999 * 24 * 3600

    private enum Answer: UInt8 {
        case offer = 2
        case acknowledge = 5
        case refuse = 6
    }

    private let guest: GuestConfiguration
    private let lease: GuestConfiguration.IPv4
    /// Options of every lease, the most important first.
    private let options: [(code: UInt8, value: [UInt8])]

    /// A server for a guest; nil when the guest gets no IPv4 address from us.
    init?(_ guest: GuestConfiguration) {
        guard let lease = guest.ipv4, let mask = Self.mask(lease.address.length) else { return nil }
        self.guest = guest
        self.lease = lease
        options = Self.options(guest, lease, mask)
    }

    static func == (left: DHCPv4Server, right: DHCPv4Server) -> Bool { left.guest == right.guest }

    /// Answers a datagram; nil for what is not for us or malformed.
    func answer(_ datagram: [UInt8]) -> Reply? {
        guard let request = DHCPv4Request(datagram) else { return nil }
        if let only = guest.onlyClient, request.clientHardware != only { return nil }
        // A client that chose another server says so.
        if let chosen = request.server, chosen != lease.server { return nil }
        let own = lease.address.ipv4
        switch request.kind {
        case .discover: return reply(.offer, request)
        case .request:
            // RFC 2131 §4.3.2: the address stands in option 50 before there is a lease, and in ciaddr afterwards.
            let wanted =
                request.requestedAddress ?? (request.clientAddress.value == 0 ? nil : request.clientAddress)
            return reply(wanted == nil || wanted == own ? .acknowledge : .refuse, request)
        case .inform: return reply(.acknowledge, request)
        case .decline, .release: return nil
        }
    }

    private func reply(_ answer: Answer, _ request: DHCPv4Request) -> Reply {
        let isLease = answer != .refuse && request.kind != .inform
        let isRelayed = request.relay != [0, 0, 0, 0]
        var bytes: [UInt8] = [2, 1, 6, 0] + request.transaction + [0, 0] + request.flags
        bytes += answer == .refuse ? [0, 0, 0, 0] : request.clientAddress.bytes
        bytes += isLease ? lease.address.bytes : [0, 0, 0, 0]
        bytes += [0, 0, 0, 0] + request.relay + request.hardware
        bytes += [UInt8](repeating: 0, count: 64 + 128) + DHCPv4Request.cookie
        var options = DHCPv4OptionList(room: Self.room(request))
        options.add(53, [answer.rawValue])
        options.add(54, lease.server.bytes)
        if let identifier = request.clientIdentifier { options.add(61, identifier) }
        if isLease {
            options.add(51, Self.seconds(Self.leaseSeconds))
            options.add(58, Self.seconds(Self.leaseSeconds / 2))
            options.add(59, Self.seconds(Self.leaseSeconds / 8 * 7))
        }
        if answer != .refuse {
            // Where not all of them fit, those that were asked for come first.
            for option in self.options where request.parameters.contains(option.code) {
                options.add(option.code, option.value)
            }
            for option in self.options where !request.parameters.contains(option.code) {
                options.add(option.code, option.value)
            }
        }
        bytes += options.finished
        // Old clients and relays drop what is shorter than a BOOTP message (RFC 1542 §2.1).
        bytes += [UInt8](repeating: 0, count: max(0, 300 - bytes.count))
        let destination: IPv4Address
        if isRelayed {
            destination = IPv4Address(bytes: request.relay) ?? IPv4Address(value: .max)
        } else {
            // A client without an address cannot answer ARP yet, so a unicast would need a raw socket; and the address
            // of a bridged guest is also the pod's own, to which a unicast would never leave it.
            let isBound = request.clientAddress.value != 0 && answer != .refuse && guest.onlyClient == nil
            destination = isBound ? request.clientAddress : IPv4Address(value: .max)
        }
        return Reply(bytes: bytes, destination: destination, goesToRelay: isRelayed)
    }

    // MARK: Options

    /// Bytes for options: what is left of the longest datagram the client takes, at least RFC 2131's 576.
    private static func room(_ request: DHCPv4Request) -> Int {
        let most = min(max(request.mostBytes ?? 576, 576), 1500)
        return most - 20 - 8 - DHCPv4Request.fixedBytes
    }

    private static func options(
        _ guest: GuestConfiguration, _ lease: GuestConfiguration.IPv4, _ mask: [UInt8]
    ) -> [(code: UInt8, value: [UInt8])] {
        var list: [(code: UInt8, value: [UInt8])] = [(1, mask)]
        let routes = classlessRoutes(lease.routes)
        if !routes.isEmpty { list.append((121, routes)) }
        if let router = lease.router { list.append((3, router.bytes)) }
        let servers = guest.resolver.ipv4.flatMap(\.bytes)
        if !servers.isEmpty { list.append((6, servers)) }
        list.append((26, [UInt8(guest.mtu >> 8), UInt8(truncatingIfNeeded: guest.mtu)]))
        list.append((12, Array(guest.hostname.utf8)))
        if let domain = guest.resolver.domain { list.append((15, Array(domain.utf8))) }
        if let extra = guest.options {
            if let file = extra.bootFileName { list.append((67, Array(file.utf8))) }
            if let server = extra.tftpServerName { list.append((66, Array(server.utf8))) }
            let clocks = extra.ntpServers.compactMap { IPv4Address($0) }.flatMap(\.bytes)
            if !clocks.isEmpty { list.append((42, clocks)) }
            for code in extra.privateOptions.keys.sorted() {
                list.append((code, Array((extra.privateOptions[code] ?? "").utf8)))
            }
        }
        let domains = guest.resolver.encodedDomains
        if !domains.isEmpty { list.append((119, domains)) }
        return list
    }

    /// RFC 3442: the prefix's length, as many bytes as it fills, the gateway. The default route goes last, when there is
    /// a way to its gateway.
    private static func classlessRoutes(_ routes: [PodRoute]) -> [UInt8] {
        let ordered = routes.filter { $0.destination.length > 0 } + routes.filter { $0.destination.length == 0 }
        return ordered.flatMap { route -> [UInt8] in
            let length = route.destination.length
            return [UInt8(clamping: length)] + route.destination.network.bytes.prefix((length + 7) / 8)
                + (route.gateway?.bytes ?? [0, 0, 0, 0])
        }
    }

    private static func mask(_ length: Int) -> [UInt8]? {
        guard (0...32).contains(length) else { return nil }
        return IPv4Address(value: length == 0 ? 0 : UInt32.max << UInt32(32 - length)).bytes
    }

    private static func seconds(_ value: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * UInt32($0))) }
    }
}
