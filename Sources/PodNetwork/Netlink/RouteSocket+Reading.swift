// SPDX-License-Identifier: Apache-2.0

import Glibc
import VMISpec

extension RouteSocket {
    /// All devices of the network namespace with their addresses and routes.
    /// - Throws: `NetlinkError`.
    mutating func links() throws(NetlinkError) -> [PodLink] {
        let header = [UInt8](repeating: 0, count: 16)
        var links: [PodLink] = []
        for body in try dump(
            NetlinkMessage(RTM.getLink, flags: NLM.dump, header: header), of: RTM.newLink, to: "list network devices")
        {
            if let link = Self.link(body[...]) { links.append(link) }
        }
        var places: [UInt32: Int] = [:]
        for (place, link) in links.enumerated() { places[link.index] = place }
        for body in try dump(
            NetlinkMessage(RTM.getAddress, flags: NLM.dump, header: Array(header.prefix(8))), of: RTM.newAddress,
            to: "list addresses")
        {
            guard let index = body[...].word(at: 4), let place = places[index] else { continue }
            if let address = Self.address(body[...]) { links[place].addresses.append(address) }
            links[place].savedAddresses.append(body)
        }
        for family in [AF_INET, AF_INET6] {
            let header = [UInt8(family)] + [UInt8](repeating: 0, count: 11)
            for body in try dump(
                NetlinkMessage(RTM.getRoute, flags: NLM.dump, header: header), of: RTM.newRoute, to: "list routes")
            {
                let attributes = NetlinkAttributes(body[...].dropFirst(12))
                guard body.count >= 12, let index = attributes.word(4), let place = places[index],
                    attributes.word(15) ?? UInt32(body[4]) == Self.mainTable, body[7] == Self.unicast,
                    (body[...].word(at: 8) ?? 0) & Self.isCloned == 0
                else { continue }
                // Those of an address or an advertisement come back by themselves.
                if body[5] != Self.kernelProtocol, body[5] != Self.advertised { links[place].savedRoutes.append(body) }
                if body[0] == UInt8(AF_INET), let route = Self.route(body, attributes) {
                    links[place].routes.append(route)
                }
            }
        }
        return links
    }

    private static let mainTable: UInt32 = 254
    private static let unicast: UInt8 = 1
    private static let kernelProtocol: UInt8 = 2
    private static let advertised: UInt8 = 9
    private static let isCloned: UInt32 = 0x200

    private static func link(_ body: ArraySlice<UInt8>) -> PodLink? {
        guard let index = body.word(at: 4) else { return nil }
        let attributes = NetlinkAttributes(body.dropFirst(16))
        guard let name = attributes.text(IFLA.name) else { return nil }
        let information = attributes.nested(IFLA.information)
        let kind = information.text(1) ?? ""
        var link = PodLink(
            index: index, name: name, kind: kind, mtu: attributes.word(IFLA.mtu) ?? 0,
            hardwareAddress: Array(attributes[IFLA.address] ?? []), bridge: attributes.word(IFLA.master),
            forwardsIPv4: false)
        link.isUp = (body.word(at: 8) ?? 0) & 1 != 0
        // The settings of IPv4 are an array of 32-bit words, the first of which is number 1.
        let families = attributes.nested(IFLA.families)
        link.addressGeneration = families.nested(UInt16(AF_INET6)).byte(8) ?? 0
        let settings = families.nested(UInt16(AF_INET))[1] ?? []
        link.forwardsIPv4 = settings.word(at: 4 * Int(IPv4Setting.forwarding.rawValue - 1)) ?? 0 != 0
        let data = information.nested(2)
        if kind == "tun", data.byte(3) == 2 {
            link.tap = PodLink.Tap(
                owner: data.word(1), group: data.word(2), isMultiQueue: data.byte(7) ?? 0 != 0,
                queues: data.word(8) ?? 0)
        }
        return link
    }

    private static func address(_ body: ArraySlice<UInt8>) -> IPPrefix? {
        let attributes = NetlinkAttributes(body.dropFirst(8))
        guard let length = body.dropFirst().first, let bytes = attributes[2] ?? attributes[1] else { return nil }
        return IPPrefix(bytes: Array(bytes), length: Int(length))
    }

    private static func route(_ body: [UInt8], _ attributes: NetlinkAttributes) -> PodRoute? {
        let bytes = attributes[1].map { Array($0) } ?? [0, 0, 0, 0]
        guard let destination = IPPrefix(bytes: bytes, length: Int(body[1])) else { return nil }
        return PodRoute(
            destination: destination, gateway: attributes[5].flatMap { IPv4Address(bytes: $0) },
            isConnected: body[5] == kernelProtocol)
    }
}

/// `linux/if_link.h`: attributes of a link.
enum IFLA {
    static let address: UInt16 = 1
    static let name: UInt16 = 3
    static let mtu: UInt16 = 4
    static let master: UInt16 = 10
    static let portInformation: UInt16 = 12
    static let information: UInt16 = 18
    static let families: UInt16 = 26
}

/// `linux/ip.h`: settings of IPv4 on a device, by the kernel's numbers.
enum IPv4Setting: UInt16 {
    case forwarding = 1
    case arpIgnore = 19
    case routeLocalNet = 26
}
