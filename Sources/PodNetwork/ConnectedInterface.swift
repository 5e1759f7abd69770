// SPDX-License-Identifier: Apache-2.0

/// What an interface of the manifest has become: what the launcher is told and the instance's status shows.
public struct ConnectedInterface: Equatable, Sendable {
    /// The interface's name, which is the network's.
    public var name: String
    /// The guest's Ethernet address.
    public var hardwareAddress: [UInt8]
    /// The MTU in bytes that the guest is told.
    public var mtu: UInt16
    /// Queue pairs; each has a descriptor.
    public var queuePairs: Int
    /// The tap's name.
    public var tap: String
    /// The pod interface behind it; nil for a tap that is somebody else's business.
    public var podInterface: String?
    /// The addresses by which others reach the guest: those of the pod interface, IPv4 first.
    public var addresses: [String]
    /// What the guest is told by router advertisements as well as DHCP: false means that its IPv6 default route has to
    /// be in its own configuration, as with KubeVirt.
    public var advertisesRouter: Bool
}
