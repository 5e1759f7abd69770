// SPDX-License-Identifier: Apache-2.0

/// The CPU a manifest asks for.
public struct CPURequest: Equatable, Sendable {
    /// Which CPU to start from.
    public enum Model: Equatable, Sendable {
        /// Everything the host's KVM offers.
        case hostPassthrough
        /// The same without what would tie the guest to this host.
        case hostModel
        /// A CPU by its name.
        case named(String)

        /// The model a manifest's `cpu.model` means.
        public init(_ name: String) {
            switch name {
            case "host-passthrough": self = .hostPassthrough
            case "host-model", "": self = .hostModel
            default: self = .named(name)
            }
        }
    }

    /// What to do about one feature (libvirt formatdomain, "feature").
    public enum Policy: String, Equatable, Sendable {
        /// On, even where the host lacks it.
        case force
        /// On; an error where the host lacks it.
        case require
        /// On where the host has it.
        case optional
        /// Off.
        case disable
        /// Off; an error where the host has it.
        case forbid
    }

    /// One feature and its policy.
    public struct Feature: Equatable, Sendable {
        /// The name, as libvirt or QEMU spell it.
        public var name: String
        /// What to do about it.
        public var policy: Policy

        /// A feature with a policy; `require` is what manifests mean by none.
        public init(_ name: String, _ policy: Policy = .require) {
            self.name = name
            self.policy = policy
        }
    }

    /// Which CPU to start from.
    public var model: Model
    /// Changes to it; for a feature named twice the last one counts.
    public var features: [Feature]
    /// Sockets, cores and threads.
    public var topology: CPUTopology
    /// The NUMA node of each vCPU in order; empty when the guest has none. No cache is shown to span two nodes.
    public var nodes: [Int]
    /// Whether the guest is not to know that it runs on KVM; its paravirtual features go with the signature.
    public var hidesKVM: Bool

    /// A request.
    public init(
        model: Model, features: [Feature] = [], topology: CPUTopology, nodes: [Int] = [], hidesKVM: Bool = false
    ) {
        self.model = model
        self.features = features
        self.topology = topology
        self.nodes = nodes
        self.hidesKVM = hidesKVM
    }
}
