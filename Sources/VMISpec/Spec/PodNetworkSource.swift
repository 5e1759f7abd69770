// SPDX-License-Identifier: Apache-2.0

/// The pod's own network.
public struct PodNetworkSource: Hashable, Sendable {
    /// The guest's IPv4 network behind masquerade.
    public var vmNetworkCIDR: String?

    /// The guest's IPv6 network behind masquerade.
    public var vmIPv6NetworkCIDR: String?

    init() {}

    init(_ reader: ObjectReader) {
        vmNetworkCIDR = reader.string("vmNetworkCIDR")
        vmIPv6NetworkCIDR = reader.string("vmIPv6NetworkCIDR")
    }
}
