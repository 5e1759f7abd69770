// SPDX-License-Identifier: Apache-2.0

import VMISpec

/// A network interface of the guest, as `guest-network-get-interfaces` says it.
public struct GuestInterface: Equatable, Sendable {
    /// An address of an interface.
    public struct Address: Equatable, Sendable {
        /// Such as "10.0.2.2" or "fd10:0:2::2".
        public var text: String
        /// Bits of its network.
        public var prefix: UInt8
        /// Whether it is of IPv6.
        public var isIPv6: Bool
    }

    /// Such as "eth0".
    public var name: String
    /// Such as "02:00:00:00:00:01"; nil where there is none.
    public var mac: String?
    /// Its addresses, in the guest's order.
    public var addresses: [Address]

    static let most = 128
    static let mostAddresses = 64

    init?(_ answer: JSONValue) {
        guard let name = answer.text("name") else { return nil }
        self.name = name
        mac = answer.text("hardware-address")
        addresses = answer.list("ip-addresses", limit: Self.mostAddresses).compactMap { address in
            guard let text = address.text("ip-address"), let kind = address["ip-address-type"]?.stringValue,
                kind == "ipv4" || kind == "ipv6", text.utf8.allSatisfy({ Self.isPart($0) })
            else { return nil }
            return Address(
                text: text, prefix: UInt8(clamping: address.count("prefix") ?? 0), isIPv6: kind == "ipv6")
        }
    }

    /// Whether a byte can be part of an address: people and programs copy these.
    private static func isPart(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
            UInt8(ascii: "A")...UInt8(ascii: "F"), UInt8(ascii: "."), UInt8(ascii: ":"):
            true
        default: false
        }
    }
}
