// SPDX-License-Identifier: Apache-2.0

import VMISpec

/// What a guest is told about its network, by whichever protocol asks.
struct GuestConfiguration: Equatable, Sendable {
    /// Its IPv4 side.
    struct IPv4: Equatable, Sendable {
        /// Its address and network.
        var address: IPPrefix
        /// The default router, if there is one.
        var router: IPv4Address?
        /// The address that the server goes by (option 54), which need not be in the guest's network.
        var server: IPv4Address
        /// All routes but that of its own network; the default route is among them.
        var routes: [PodRoute] = []
    }

    /// Its IPv6 side.
    struct IPv6: Equatable, Sendable {
        /// Its address and network.
        var address: IPPrefix
        /// The router's link-local address, which advertisements come from.
        var router: IPv6Address
    }

    /// The only station that is answered; nil when there can be no other.
    var onlyClient: [UInt8]?
    /// Set when the guest has an IPv4 address from us.
    var ipv4: IPv4?
    /// Set when the guest has an IPv6 address from us.
    var ipv6: IPv6?
    /// The MTU in bytes.
    var mtu: UInt16
    /// Its name.
    var hostname: String
    /// How it resolves names.
    var resolver: ResolverConfiguration
    /// What the manifest adds to DHCP.
    var options: DHCPOptions?
    /// The Ethernet address of the bridge, which is the router's.
    var routerHardware: [UInt8]
}
