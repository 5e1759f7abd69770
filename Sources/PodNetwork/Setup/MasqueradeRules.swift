// SPDX-License-Identifier: Apache-2.0

import VMISpec

/// The address translation of a guest behind the pod's address, as one transaction of `nft -f`: KubeVirt's rules
/// (pkg/network/setup/netpod/masquerade) in tables of our own.
struct MasqueradeRules: Equatable {
    /// The tables' name in either family.
    let table: String
    /// What `nft` reads.
    let text: String

    init(_ attachment: Attachment) {
        let names = attachment.names ?? PodInterfaceNames(pod: "", isPrimary: true)
        let table = Self.table(of: names.pod)
        self.table = table
        var text = ""
        for router in attachment.bridgeAddresses {
            let guest = router.isIPv4 ? attachment.guest?.ipv4?.address : attachment.guest?.ipv6?.address
            guard let guest else { continue }
            text += Self.rules(table, names, attachment.interface.ports, router: router, guest: guest)
        }
        self.text = text
    }

    /// The tables' name for a pod interface.
    static func table(of podInterface: String) -> String {
        let plain = podInterface.utf8.map { byte -> Character in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                Character(UnicodeScalar(byte))
            default: "_"
            }
        }
        return "apus_\(String(plain))"
    }

    /// A transaction that removes the tables, whether or not they are there.
    static func removal(of table: String) -> String {
        ["ip", "ip6"].map { "table \($0) \(table)\ndelete table \($0) \(table)\n" }.joined()
    }

    private static func rules(
        _ table: String, _ names: PodInterfaceNames, _ ports: [PortSpec], router: IPPrefix, guest: IPPrefix
    ) -> String {
        let family = router.isIPv4 ? "ip" : "ip6"
        // A transport's ports in one set each; without ports everything is forwarded.
        var matches = PortSpec.Transport.allCases.compactMap { transport -> String? in
            let numbers = Set(ports.filter { $0.transport == transport }.map(\.port)).sorted()
            guard !numbers.isEmpty else { return nil }
            return "\(transport.rawValue.lowercased()) dport { \(numbers.map { String($0) }.joined(separator: ", ")) } "
        }
        if matches.isEmpty { matches = [""] }
        func lines(_ line: (String) -> String) -> String { matches.map { "\t\t\(line($0))\n" }.joined() }
        var chains = """
            \tchain prerouting {
            \t\ttype nat hook prerouting priority -100;
            \t\tiifname "\(names.pod)" counter jump preinbound
            \t}
            \tchain postrouting {
            \t\ttype nat hook postrouting priority 100;
            \t\t\(family) saddr \(guest.address) counter masquerade
            \t\toifname "\(names.bridge)" counter jump postinbound
            \t}
            \tchain preinbound {
            \(lines { "\($0)counter dnat to \(guest.address)" })\t}

            """
        // Linux never routes an answer to ::1, so a rule for it would only make `localhost` hang where it is refused and
        // asked again over IPv4.
        chains +=
            router.isIPv4
            ? """
            \tchain output {
            \t\ttype nat hook output priority -100;
            \(lines { "ip daddr 127.0.0.1 \($0)counter dnat to \(guest.address)" })\t}
            \tchain postinbound {
            \(lines { "\($0)ip saddr 127.0.0.1 counter snat to \(router.address)" })\t}

            """ : "\tchain postinbound {\n\t}\n"
        let start = "table \(family) \(table)\ndelete table \(family) \(table)\n"
        return "\(start)table \(family) \(table) {\n\(chains)}\n"
    }
}
