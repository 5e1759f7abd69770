// SPDX-License-Identifier: Apache-2.0

import VMISpec

/// The router advertisements of a guest's IPv6 network (RFC 4861 §4.2) as Ethernet frames, and the solicitations that
/// ask for them: a function from what came in to what goes out.
struct RouterAdvertisement: Equatable, Sendable {
    /// How often one goes out unasked, in seconds.
    static let intervalSeconds: UInt64 = 600
    /// How long the guest takes the router for one, in seconds: three intervals.
    static let lifetimeSeconds: UInt16 = 1800

    private static let allNodes: [UInt8] = [0xFF, 2] + [UInt8](repeating: 0, count: 13) + [1]
    private static let allNodesHardware: [UInt8] = [0x33, 0x33, 0, 0, 0, 1]

    /// The frame's source, which is no station of the bridge.
    private let sender: [UInt8]
    private let router: IPv6Address
    private let body: [UInt8]

    /// Advertisements to a guest; nil when it has no IPv6 address from us.
    /// - Parameter sender: the Ethernet address of the device that they leave by.
    init?(_ guest: GuestConfiguration, sender: [UInt8]) {
        guard let ipv6 = guest.ipv6, sender.count == 6 else { return nil }
        self.sender = sender
        router = ipv6.router
        body = Self.body(guest, ipv6)
    }

    /// The frame for all stations of the link.
    var unasked: [UInt8] { frame(to: Self.allNodes, Self.allNodesHardware) }

    /// The answer to a frame; nil when it is no valid solicitation (§6.1.1).
    func answer(_ frame: [UInt8]) -> [UInt8]? {
        // Ethernet's header of 14 bytes, IPv6's of 40, then ICMPv6.
        guard frame.count >= 62, frame[12] == 0x86, frame[13] == 0xDD, frame[14] >> 4 == 6, frame[20] == 58,
            frame[21] == 255, frame[54] == 133, frame[55] == 0
        else { return nil }
        let length = Int(frame[18]) << 8 | Int(frame[19])
        guard length >= 8, length <= frame.count - 54, let source = IPv6Address(bytes: frame[22..<38]) else {
            return nil
        }
        let message = Array(frame[54..<54 + length])
        guard Self.checksum(source.bytes, Array(frame[38..<54]), message) == 0,
            Self.hasWholeOptions(message[8...])
        else { return nil }
        // To all, as §6.2.6 allows: a single answer then serves a guest that is still without an address.
        return unasked
    }

    private func frame(to destination: [UInt8], _ hardware: [UInt8]) -> [UInt8] {
        var message = body
        let sum = Self.checksum(router.bytes, destination, message)
        message[2] = UInt8(sum >> 8)
        message[3] = UInt8(truncatingIfNeeded: sum)
        let header: [UInt8] = [
            0x60, 0, 0, 0, UInt8(message.count >> 8), UInt8(truncatingIfNeeded: message.count), 58, 255,
        ]
        return hardware + sender + [0x86, 0xDD] + header + router.bytes + destination + message
    }

    /// The message with a checksum of zero.
    private static func body(_ guest: GuestConfiguration, _ ipv6: GuestConfiguration.IPv6) -> [UInt8] {
        let lifetime = [UInt8(lifetimeSeconds >> 8), UInt8(truncatingIfNeeded: lifetimeSeconds)]
        let long: [UInt8] = [0, 0] + lifetime
        // Hop limit 64; managed and other configuration by DHCPv6.
        var body: [UInt8] = [134, 0, 0, 0, 64, 0xC0] + lifetime + [UInt8](repeating: 0, count: 8)
        body += [1, 1] + guest.routerHardware
        body += [5, 1, 0, 0, 0, 0, UInt8(guest.mtu >> 8), UInt8(truncatingIfNeeded: guest.mtu)]
        // The network is on the link (L) and gives no addresses of itself (A is clear).
        let forever: [UInt8] = [255, 255, 255, 255]
        body += [3, 4, UInt8(clamping: ipv6.address.length), 0x80] + forever + forever + [0, 0, 0, 0]
        body += ipv6.address.network.bytes
        let servers = guest.resolver.ipv6.prefix(8)
        if !servers.isEmpty {
            body += [25, UInt8(1 + 2 * servers.count), 0, 0] + long + servers.flatMap(\.bytes)
        }
        var domains = guest.resolver.encodedDomains
        domains += [UInt8](repeating: 0, count: (8 - domains.count % 8) % 8)
        if !domains.isEmpty, domains.count <= 512 {
            body += [31, UInt8(1 + domains.count / 8), 0, 0] + long + domains
        }
        return body
    }

    /// No option is empty or cut off.
    private static func hasWholeOptions(_ options: ArraySlice<UInt8>) -> Bool {
        var rest = options
        while rest.count >= 2 {
            let length = 8 * Int(rest[rest.startIndex + 1])
            guard length > 0, length <= rest.count else { return false }
            rest = rest.dropFirst(length)
        }
        return rest.isEmpty
    }

    /// The complement of the sum over the pseudo-header and the message (RFC 8200 §8.1); 0 for a message with its right
    /// checksum in it.
    static func checksum(_ source: [UInt8], _ destination: [UInt8], _ message: [UInt8]) -> UInt16 {
        let length = UInt32(clamping: message.count)
        var sum: UInt32 = length >> 16 + length & 0xFFFF + 58
        for part in [source, destination, message] {
            for index in stride(from: 0, to: part.count, by: 2) {
                let low = index + 1 < part.count ? UInt32(part[index + 1]) : 0
                sum += UInt32(part[index]) << 8 | low
            }
        }
        while sum >> 16 != 0 { sum = sum >> 16 + sum & 0xFFFF }
        return ~UInt16(truncatingIfNeeded: sum)
    }
}
