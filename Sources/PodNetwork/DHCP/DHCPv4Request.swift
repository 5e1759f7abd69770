// SPDX-License-Identifier: Apache-2.0

import VMISpec

/// What a DHCP client sent (RFC 2131 §2), as far as it matters to a server of one lease.
struct DHCPv4Request: Equatable {
    /// Option 53 (RFC 2132 §9.6).
    enum Kind: UInt8 {
        case discover = 1
        case request = 3
        case decline = 4
        case release = 7
        case inform = 8
    }

    /// What it wants.
    var kind: Kind
    /// The 16 bytes from `xid` to `ciaddr`, which a reply repeats in part.
    var transaction: [UInt8]
    /// The flags; the highest bit asks for a broadcast.
    var flags: [UInt8]
    /// The address it has already.
    var clientAddress: IPv4Address
    /// The relay it came by.
    var relay: [UInt8]
    /// The 16 bytes of `chaddr`.
    var hardware: [UInt8]
    /// Option 50.
    var requestedAddress: IPv4Address?
    /// Option 54.
    var server: IPv4Address?
    /// Option 55, in the client's order.
    var parameters: [UInt8] = []
    /// Option 57: the longest datagram it takes, in bytes.
    var mostBytes: Int?
    /// Option 61, which a reply repeats (RFC 6842).
    var clientIdentifier: [UInt8]?

    /// The bytes of the fixed part with the cookie.
    static let fixedBytes = 240
    /// The cookie before the options (RFC 2131 §3).
    static let cookie: [UInt8] = [99, 130, 83, 99]

    /// Reads a datagram; nil for what is no request of an Ethernet client.
    init?(_ bytes: [UInt8]) {
        // op, htype and hlen of a request over Ethernet.
        guard bytes.count >= Self.fixedBytes, bytes[0] == 1, bytes[1] == 1, bytes[2] == 6,
            Array(bytes[236..<240]) == Self.cookie
        else { return nil }
        transaction = Array(bytes[4..<8])
        flags = Array(bytes[10..<12])
        clientAddress = IPv4Address(bytes: bytes[12..<16]) ?? IPv4Address(value: 0)
        relay = Array(bytes[24..<28])
        hardware = Array(bytes[28..<44])
        var options = Self.options(bytes[240...])
        // Option 52 says that they go on in `file` (1), `sname` (2) or both.
        if let overload = options[52]?.first {
            if overload & 1 != 0 { options.merge(Self.options(bytes[108..<236])) { $0 + $1 } }
            if overload & 2 != 0 { options.merge(Self.options(bytes[44..<108])) { $0 + $1 } }
        }
        guard let number = options[53], number.count == 1, let kind = Kind(rawValue: number[0]) else { return nil }
        self.kind = kind
        requestedAddress = options[50].flatMap { IPv4Address(bytes: $0) }
        server = options[54].flatMap { IPv4Address(bytes: $0) }
        parameters = options[55] ?? []
        mostBytes = options[57].flatMap { $0.count == 2 ? Int($0[0]) << 8 | Int($0[1]) : nil }
        clientIdentifier = options[61]
    }

    /// The six bytes of the client's Ethernet address.
    var clientHardware: [UInt8] { Array(hardware.prefix(6)) }

    /// Options by their codes; those that stand several times are one (RFC 3396). What does not fit ends the list.
    private static func options(_ bytes: ArraySlice<UInt8>) -> [UInt8: [UInt8]] {
        var options: [UInt8: [UInt8]] = [:]
        var index = bytes.startIndex
        while index < bytes.endIndex, bytes[index] != 255 {
            let code = bytes[index]
            index += 1
            if code == 0 { continue }
            guard index < bytes.endIndex, Int(bytes[index]) <= bytes.endIndex - index - 1 else { break }
            let end = index + 1 + Int(bytes[index])
            options[code, default: []] += bytes[index + 1..<end]
            index = end
        }
        return options
    }
}
