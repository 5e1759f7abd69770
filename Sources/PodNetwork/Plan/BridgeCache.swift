// SPDX-License-Identifier: Apache-2.0

import VMISpec

/// What KubeVirt's node agent learnt of a pod interface before it made it a bridge's port: `vif-cache-eth0.json`, the
/// JSON of Go's `cache.DHCPConfig` (pkg/network/cache/dhcpconfig.go), in which masks and Ethernet addresses are base64.
struct BridgeCache: Equatable {
    /// True when the network hands out no addresses.
    var isDisabled: Bool
    /// The pod's IPv4 address.
    var address: IPPrefix?
    /// The guest's Ethernet address.
    var hardwareAddress: [UInt8]?
    /// The default router.
    var router: IPv4Address?
    /// The routes beside that of its own network.
    var routes: [PodRoute]

    /// The cache of a pod interface; nil where there is none or it is none.
    static func read(_ podInterface: String, in directory: String) -> BridgeCache? {
        guard let text = PodNetworkFacts.text("\(directory)/vif-cache-\(podInterface).json"),
            let value = try? JSONValue(parsing: Array(text.utf8))
        else { return nil }
        return BridgeCache(value)
    }

    init?(_ value: JSONValue) {
        guard case .object = value else { return nil }
        isDisabled = value["IPAMDisabled"]?.boolValue ?? false
        address = value["IP"].flatMap { Self.prefix($0) }
        hardwareAddress = value["MAC"]?.stringValue.flatMap { Base64.decode($0) }.flatMap { $0.count == 6 ? $0 : nil }
        router = value["Gateway"]?.stringValue.flatMap { IPv4Address($0) }
        routes = []
        guard case .array(let entries)? = value["Routes"] else { return }
        for entry in entries {
            // Go writes the default route's destination as null.
            let destination: IPPrefix?
            switch entry["Dst"] {
            case nil, .null: destination = IPPrefix(bytes: [0, 0, 0, 0], length: 0)
            case .some(let network): destination = Self.prefix(network)
            }
            guard let destination, destination.isIPv4 else { continue }
            routes.append(
                PodRoute(destination: destination, gateway: entry["Gw"]?.stringValue.flatMap { IPv4Address($0) }))
        }
    }

    /// Go's `net.IPNet`: the address as text, the mask in base64.
    private static func prefix(_ value: JSONValue) -> IPPrefix? {
        guard let text = value["IP"]?.stringValue, let address = IPv4Address(text),
            let mask = value["Mask"]?.stringValue.flatMap({ Base64.decode($0) }).flatMap({ IPv4Address(bytes: $0) })
        else { return nil }
        let length = (~mask.value).leadingZeroBitCount
        guard length == 32 || mask.value << UInt32(length) == 0 else { return nil }
        return IPPrefix(bytes: address.bytes, length: length)
    }
}
