// SPDX-License-Identifier: Apache-2.0

import Glibc
import VMISpec

/// What a device is to become; what is nil stays as it is.
struct LinkChange {
    var name: String?
    var hardwareAddress: [UInt8]?
    var mtu: UInt32?
    /// The bridge it becomes a port of; 0 for none.
    var bridge: UInt32?
    var isUp: Bool?
    var ipv4: [(IPv4Setting, UInt32)] = []
    /// How it makes IPv6 addresses of its own (IFLA_INET6_ADDR_GEN_MODE).
    var addressGeneration: UInt8?

    /// No IPv6 address of its own at all (IN6_ADDR_GEN_MODE_NONE).
    static let noOwnIPv6: UInt8 = 1
}

/// How a bridge treats a port.
struct PortChange {
    /// Learns who is behind it.
    var learns = false
    /// Frames for unknown stations are sent to it.
    var takesUnknown = true
    /// Frames for all stations are sent to it.
    var takesBroadcast = true
    /// Frames do not pass between two ports that are.
    var isIsolated = false
}

extension RouteSocket {
    /// Makes a device of a kind that needs no other.
    /// - Throws: `NetlinkError`; EEXIST when the name is taken.
    mutating func make(_ kind: String, _ name: String, _ change: LinkChange) throws(NetlinkError) {
        var message = NetlinkMessage(
            RTM.newLink, flags: NLM.create | NLM.exclusive | NLM.acknowledge, header: Self.header(0, change))
        var change = change
        change.name = name
        Self.add(change, to: &message)
        message.nest(IFLA.information) { $0.add(1, text: kind) }
        try self.change(message, to: "make the \(kind) \(name)")
    }

    /// Changes a device.
    /// - Throws: `NetlinkError`.
    mutating func set(_ index: UInt32, called name: String, _ change: LinkChange) throws(NetlinkError) {
        var message = NetlinkMessage(RTM.newLink, flags: NLM.acknowledge, header: Self.header(index, change))
        Self.add(change, to: &message)
        try self.change(message, to: "configure \(name)")
    }

    /// Changes how a bridge treats one of its ports.
    /// - Throws: `NetlinkError`.
    mutating func setPort(_ index: UInt32, called name: String, _ port: PortChange) throws(NetlinkError) {
        let header = [UInt8(AF_BRIDGE), 0, 0, 0] + NetlinkMessage.word(index) + [UInt8](repeating: 0, count: 8)
        var message = NetlinkMessage(RTM.newLink + 3, flags: NLM.acknowledge, header: header)
        message.nest(IFLA.portInformation | 0x8000) { nested in
            nested.add(8, [port.learns ? 1 : 0])
            nested.add(9, [port.takesUnknown ? 1 : 0])
            nested.add(30, [port.takesBroadcast ? 1 : 0])
            nested.add(33, [port.isIsolated ? 1 : 0])
        }
        try change(message, to: "configure \(name) as a bridge's port")
    }

    /// Removes a device.
    /// - Throws: `NetlinkError`; ENODEV when there is none.
    mutating func remove(_ index: UInt32, called name: String) throws(NetlinkError) {
        let message = NetlinkMessage(
            RTM.deleteLink, flags: NLM.acknowledge, header: Self.header(index, LinkChange()))
        try change(message, to: "remove \(name)")
    }

    /// Gives a device an address, at once usable.
    /// - Throws: `NetlinkError`.
    mutating func add(_ address: IPPrefix, to index: UInt32, called name: String) throws(NetlinkError) {
        let linkLocal = address.ipv6?.isLinkLocal == true
        let header =
            [
                UInt8(address.isIPv4 ? AF_INET : AF_INET6), UInt8(clamping: address.length), 0x02,
                linkLocal ? 253 : 0,
            ] + NetlinkMessage.word(index)
        var message = NetlinkMessage(
            RTM.newAddress, flags: NLM.create | NLM.replace | NLM.acknowledge, header: header)
        if address.isIPv4 { message.add(2, address.bytes) }
        message.add(1, address.bytes)
        try change(message, to: "give \(name) the address \(address)")
    }

    /// Repeats a message of the kernel's about an address or a route.
    /// - Parameter index: the device that an address is for, in place of the message's own.
    /// - Throws: `NetlinkError`.
    mutating func replay(
        _ saved: [UInt8], _ type: UInt16, index: UInt32? = nil, to request: String
    ) throws(NetlinkError) {
        let header = type == RTM.newRoute ? 12 : 8
        guard saved.count >= header else { return }
        var saved = saved
        if let index, header == 8 { saved.replaceSubrange(4..<8, with: NetlinkMessage.word(index)) }
        var message = NetlinkMessage(
            type, flags: (type == RTM.deleteAddress ? 0 : NLM.create | NLM.replace) | NLM.acknowledge,
            header: Array(saved.prefix(header)))
        message.append(saved.dropFirst(header))
        try change(message, to: request)
    }

    private static func header(_ index: UInt32, _ change: LinkChange) -> [UInt8] {
        let mask: UInt32 = change.isUp == nil ? 0 : 1
        return [0, 0, 0, 0] + NetlinkMessage.word(index) + NetlinkMessage.word(change.isUp == true ? 1 : 0)
            + NetlinkMessage.word(mask)
    }

    private static func add(_ change: LinkChange, to message: inout NetlinkMessage) {
        if let name = change.name { message.add(IFLA.name, text: name) }
        if let address = change.hardwareAddress { message.add(IFLA.address, address) }
        if let mtu = change.mtu { message.add(IFLA.mtu, mtu) }
        if let bridge = change.bridge { message.add(IFLA.master, bridge) }
        guard !change.ipv4.isEmpty || change.addressGeneration != nil else { return }
        message.nest(IFLA.families) { families in
            if !change.ipv4.isEmpty {
                families.nest(UInt16(AF_INET)) { family in
                    family.nest(1) { settings in
                        for (setting, value) in change.ipv4 { settings.add(setting.rawValue, value) }
                    }
                }
            }
            if let mode = change.addressGeneration { families.nest(UInt16(AF_INET6)) { $0.add(8, [mode]) } }
        }
    }
}
