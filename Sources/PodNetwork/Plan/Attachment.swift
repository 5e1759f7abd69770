// SPDX-License-Identifier: Apache-2.0

import VMISpec

/// How one interface of the manifest gets to its network: which devices there are to be, and what the guest is told.
struct Attachment: Equatable, Sendable {
    /// How the guest's frames leave the pod.
    enum Kind: Equatable, Sendable {
        /// A tap that is somebody else's business.
        case tap
        /// Behind an address of the pod, translated.
        case masquerade
        /// With the pod's own address.
        case bridge
    }

    /// The interface as the manifest has it.
    var interface: InterfaceSpec
    /// Its path, for errors.
    var field: String
    /// How the guest's frames leave the pod.
    var kind: Kind
    /// The devices' names; nil for a tap that is somebody else's business.
    var names: PodInterfaceNames?
    /// The tap's name.
    var tap: String
    /// The pod interface as it was found; nil for a tap that is somebody else's business.
    var podLink: PodLink?
    /// The addresses of the bridge: routers of the guest, or the address that DHCP answers from.
    var bridgeAddresses: [IPPrefix] = []
    /// The guest's Ethernet address.
    var hardwareAddress: [UInt8]
    /// What the guest is told; nil when nothing is.
    var guest: GuestConfiguration?

    /// The bridge's Ethernet address behind masquerade (StaticMasqueradeBridgeMAC).
    static let masqueradeBridge: [UInt8] = [2, 0, 0, 0, 0, 0]

    /// The addresses that others reach the guest by, IPv4 first; a bridged guest has the pod's IPv4 address only.
    var reachableAddresses: [String] {
        let families = kind == .bridge ? [true] : [true, false]
        return families.compactMap { podLink?.globalAddress(ipv4: $0)?.address }
    }
}
