// SPDX-License-Identifier: Apache-2.0

import VMISpec

/// How the pod resolves names (`resolv.conf(5)`), which is what the guest is told (pkg/network/dns/resolveconf.go).
public struct ResolverConfiguration: Equatable, Sendable {
    /// Name servers of IPv4 in order.
    public var ipv4: [IPv4Address]
    /// Name servers of IPv6 in order.
    public var ipv6: [IPv6Address]
    /// Search domains in order, in lower case.
    public var searchDomains: [String]

    /// The configuration in a file's text.
    ///
    /// A server on the pod's own loopback is of no use to the guest and left out. Where no server is left the guest is
    /// told 8.8.8.8, and where there is no search domain `cluster.local`, as KubeVirt does.
    public init(parsing text: String) {
        ipv4 = []
        ipv6 = []
        searchDomains = []
        for line in text.split(whereSeparator: \.isNewline) {
            let words = line.split { $0 == " " || $0 == "\t" }
            switch words.first {
            case "nameserver":
                guard words.count == 2 else { continue }
                if let address = IPv4Address(words[1]), !address.isLoopback { ipv4.append(address) }
                if let address = IPv6Address(words[1]), !address.isLoopback, !address.isLinkLocal {
                    ipv6.append(address)
                }
            case "search": searchDomains = words.dropFirst().compactMap { Self.domain($0) }
            default: break
            }
        }
        if ipv4.isEmpty, ipv6.isEmpty { ipv4 = [IPv4Address(value: 0x0808_0808)] }
        if searchDomains.isEmpty { searchDomains = ["cluster.local"] }
    }

    /// The same with the guest's own domain in front: `subdomain` before the longest domain of services, unless it is
    /// there already (DomainNameWithSubdomain).
    public func adding(subdomain: String?) -> ResolverConfiguration {
        guard let subdomain, !subdomain.isEmpty,
            let longest = Self.longest(searchDomains.filter { $0.contains(".svc.") }),
            !longest.hasPrefix("\(subdomain)."), let domain = Self.domain("\(subdomain).\(longest)")
        else { return self }
        var result = self
        result.searchDomains.insert(domain, at: 0)
        return result
    }

    /// The domain the guest is told as its own: the longest, which is the most exact.
    public var domain: String? { Self.longest(searchDomains) }

    /// The domains as labels with their lengths (RFC 1035 §3.1), which both DHCP versions and advertisements use.
    var encodedDomains: [UInt8] {
        searchDomains.flatMap { domain in
            domain.split(separator: ".").flatMap { [UInt8(clamping: $0.utf8.count)] + Array($0.utf8) } + [0]
        }
    }

    private static func longest(_ domains: [String]) -> String? {
        domains.reduce(nil) { best, next in (best?.utf8.count ?? 0) < next.utf8.count ? next : best }
    }

    /// A domain in lower case without a dot at its end; nil for what cannot be one, the root included.
    private static func domain(_ text: some StringProtocol) -> String? {
        let name = text.hasSuffix(".") ? text.dropLast().lowercased() : text.lowercased()
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        let isDomain =
            name.utf8.count <= 253
            && labels.allSatisfy { label in
                (1...63).contains(label.utf8.count)
                    && label.utf8.allSatisfy { byte in
                        switch byte {
                        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                            UInt8(ascii: "-"), UInt8(ascii: "_"):
                            true
                        default: false
                        }
                    }
            }
        return isDomain ? name : nil
    }
}
