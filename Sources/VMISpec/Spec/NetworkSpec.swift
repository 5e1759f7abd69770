// SPDX-License-Identifier: Apache-2.0

/// A network that interfaces are connected to.
public struct NetworkSpec: Hashable, Sendable {
    /// Where the network comes from.
    public enum Source: Hashable, Sendable {
        case pod(PodNetworkSource)
        case multus(networkName: String, isDefault: Bool)
    }

    /// The name, which is also the interface's and the one given to `--tap`.
    public var name: String

    /// Where the network comes from.
    public var source: Source

    init(name: String, source: Source) {
        self.name = name
        self.source = source
    }

    init(_ reader: ObjectReader) {
        name = reader.requiredString("name", "name the network as its interface is named")
        let pod = reader.object("pod") { PodNetworkSource($0) }
        let multus = reader.object("multus") { multus in
            Source.multus(
                networkName: multus.requiredString("networkName", "name the network attachment definition"),
                isDefault: multus.bool("default") ?? false)
        }
        source = pod.map(Source.pod) ?? multus ?? .pod(PodNetworkSource())
        let given = ["pod", "multus", "resourceClaim"].count { reader.value($0) != nil }
        if reader.has("resourceClaim") {
            reader.consult("resourceClaim", reader.value("resourceClaim") ?? .null)
        } else if given == 0 {
            reader.report.refuse(reader.path, "should have a network type; write pod: {}")
        } else if given > 1 {
            reader.report.refuse(reader.path, "should have only one network type; keep pod: {}")
        }
    }
}
