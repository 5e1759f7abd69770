// SPDX-License-Identifier: Apache-2.0

import VMISpec

/// The names of the devices that stand between a network's pod interface and the guest, as KubeVirt gives them
/// (pkg/network/namescheme, pkg/network/link/names.go).
public struct PodInterfaceNames: Hashable, Sendable {
    /// The interface that the cluster's network gave the pod: `eth0`, `pod…` or `net1`.
    public let pod: String
    /// The bridge between it and the tap: `k6t-eth0`.
    public let bridge: String
    /// The tap: `tap0`.
    public let tap: String
    /// What the pod interface is called while it is a port of the bridge: `eth0-nic`.
    public let port: String
    /// The tap that router advertisements come from, ours alone: `ra-eth0`.
    public let router: String

    /// The names around a pod interface.
    public init(pod: String, isPrimary: Bool) {
        let trimmed = pod.hasPrefix(Self.hashedPrefix) ? String(pod.dropFirst(Self.hashedPrefix.count)) : pod
        self.pod = pod
        bridge = "k6t-\(trimmed)"
        tap = isPrimary ? "tap0" : "tap\(pod.dropFirst(3))"
        port = "\(trimmed)-nic"
        router = "ra-\(trimmed)"
    }

    /// The names of a network's devices: hashed, or by number when the pod has interfaces named by number.
    /// - Parameter interfaces: the names of all interfaces of the pod.
    public init(of network: NetworkSpec, among networks: [NetworkSpec], interfaces: some Collection<String>) {
        let secondary = networks.filter(\.isSecondary)
        guard let place = secondary.firstIndex(of: network) else {
            self.init(pod: Self.primary, isPrimary: true)
            return
        }
        // An interface that has become a bridge's port goes by another name and means the same.
        let isOrdinal = interfaces.contains { Self.isOrdinal($0) }
        self.init(pod: isOrdinal ? "net\(place + 1)" : Self.hashed(network.name), isPrimary: false)
    }

    /// The pod interface of a secondary network: `pod` and eleven digits of the name's SHA-256.
    static func hashed(_ network: String) -> String {
        let digits = SHA256.digest(of: Array(network.utf8)).map { byte in
            (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }
        return hashedPrefix + digits.joined().prefix(11)
    }

    private static let primary = "eth0"
    private static let hashedPrefix = "pod"

    private static func isOrdinal(_ name: String) -> Bool {
        name.hasPrefix("net") && name.utf8.count > 3
            && name.utf8.dropFirst(3).allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }
}

extension NetworkSpec {
    /// A network of Multus beside the pod's own.
    var isSecondary: Bool {
        if case .multus(_, isDefault: false) = source { true } else { false }
    }
}
