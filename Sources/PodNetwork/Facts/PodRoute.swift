// SPDX-License-Identifier: Apache-2.0

import VMISpec

/// An IPv4 route: where to, and by which neighbour.
public struct PodRoute: Hashable, Sendable {
    /// The network it leads to; 0.0.0.0/0 for the default route.
    public var destination: IPPrefix
    /// The neighbour to send to; nil where the network is on the link.
    public var gateway: IPv4Address?
    /// Whether the kernel made it of an address (RTPROT_KERNEL).
    public var isConnected: Bool

    /// A route.
    public init(destination: IPPrefix, gateway: IPv4Address?, isConnected: Bool = false) {
        self.destination = destination
        self.gateway = gateway
        self.isConnected = isConnected
    }
}
