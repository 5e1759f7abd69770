// SPDX-License-Identifier: Apache-2.0

/// How the pod's network is to reach the guest, as far as the manifest does not say it.
public struct PodNetworkOptions: Equatable, Sendable {
    /// Who makes the bridge, the tap and the rules.
    public enum Mode: String, CaseIterable, Sendable {
        /// They are there already and belong to this user, as KubeVirt's node agent leaves them.
        case prepared
        /// This process makes them and removes them again, which takes CAP_NET_ADMIN; it takes over the pod's network,
        /// so it is never chosen by itself.
        case own
    }

    /// Who makes the devices.
    public var mode: Mode
    /// Queue pairs of each interface.
    public var queuePairs: Int
    /// Taps by the names of their networks that are somebody else's business: attached to and nothing more.
    public var taps: [String: String]
    /// The path of the manifest's spec, for errors.
    public var specPath: String
    /// Where what was made is written down, so that the next start finds it after a crash.
    public var journalDirectory: String
    /// Where KubeVirt's node agent leaves what it learnt of the pod interfaces.
    public var cacheDirectory: String
    /// The pod's `resolv.conf`.
    public var resolverFile: String

    /// The usual places, with the devices prepared.
    public init(
        mode: Mode = .prepared, queuePairs: Int = 1, taps: [String: String] = [:], specPath: String = "spec",
        journalDirectory: String = "/run/apus-network", cacheDirectory: String = "/var/run/kubevirt-private",
        resolverFile: String = "/etc/resolv.conf"
    ) {
        self.mode = mode
        self.queuePairs = queuePairs
        self.taps = taps
        self.specPath = specPath
        self.journalDirectory = journalDirectory
        self.cacheDirectory = cacheDirectory
        self.resolverFile = resolverFile
    }
}
