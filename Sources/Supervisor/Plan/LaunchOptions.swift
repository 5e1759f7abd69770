// SPDX-License-Identifier: Apache-2.0

public import PodNetwork

/// What is said about an instance outside of its manifest.
public struct LaunchOptions: Equatable, Sendable {
    /// The directory that stands for each container image by its name.
    public var images: [String: String] = [:]
    /// The file, directory or block device that stands for each persistent volume claim by its name.
    public var claims: [String: String] = [:]
    /// The directory that stands for each ConfigMap by its name.
    public var configMaps: [String: String] = [:]
    /// The tap device that stands for each network by its name.
    public var taps: [String: String] = [:]
    /// Who makes the devices of the other networks.
    public var network = PodNetworkOptions.Mode.prepared
    /// The root below which KubeVirt's directories of a pod are, "/" in a container; nil where this is no pod.
    public var podRoot: String?
    /// The address by which probes reach the guest where they do not name a host; nil where none is known.
    public var guestAddress: String?
    /// The directory that stands for each Secret by its name.
    public var secrets: [String: String] = [:]
    /// The context ID of the guest's socket device (KubeVirt's `status.VSOCKCID`); nil for one that is free.
    public var vsockCID: UInt32?
    /// Whether the launcher confines itself.
    public var sandbox = true

    /// Nothing said: no images, no claims, no taps, no secrets, any context ID, and the sandbox on.
    public init() {}
}
