// SPDX-License-Identifier: Apache-2.0

import VMISpec

/// A network device of the pod.
public struct PodLink: Equatable, Sendable {
    /// What a tap was made for, as the kernel tells it (IFLA_TUN_*).
    public struct Tap: Equatable, Sendable {
        /// The user who may attach to it without capabilities; nil for none in particular.
        public var owner: UInt32?
        /// The group that may; nil for none in particular.
        public var group: UInt32?
        /// Whether it takes several queues.
        public var isMultiQueue: Bool
        /// How many queues are attached to it.
        public var queues: UInt32
    }

    /// The number that the kernel knows it by.
    public var index: UInt32
    /// Its name.
    public var name: String
    /// The driver's kind of it, such as `bridge`, `veth` or `tun`; empty for hardware.
    public var kind: String
    /// Its MTU in bytes.
    public var mtu: UInt32
    /// Its Ethernet address; empty where it has none.
    public var hardwareAddress: [UInt8]
    /// The bridge that it is a port of.
    public var bridge: UInt32?
    /// Whether it is switched on (IFF_UP).
    public var isUp = true
    /// How it makes IPv6 addresses of its own (IFLA_INET6_ADDR_GEN_MODE).
    var addressGeneration: UInt8 = 0
    /// Whether it forwards IPv4 packets that arrive on it.
    public var forwardsIPv4: Bool
    /// Set for a tap.
    public var tap: Tap?
    /// Its addresses of both families in the kernel's order.
    public var addresses: [IPPrefix] = []
    /// The IPv4 routes of the main table that lead out of it, in the kernel's order.
    public var routes: [PodRoute] = []
    /// The kernel's own messages for its addresses and routes, to put them back.
    var savedAddresses: [[UInt8]] = []
    var savedRoutes: [[UInt8]] = []

    /// The first address that other hosts can reach, of IPv4 or of IPv6.
    func globalAddress(ipv4: Bool) -> IPPrefix? {
        addresses.first { ipv4 ? $0.ipv4?.isGlobalUnicast == true : $0.ipv6?.isGlobalUnicast == true }
    }
}
