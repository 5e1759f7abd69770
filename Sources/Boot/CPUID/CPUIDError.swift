// SPDX-License-Identifier: Apache-2.0

/// Why a host cannot provide the CPU that was asked for; the description is one line with the remedy.
public enum CPUIDError: Error, Equatable, Sendable, CustomStringConvertible {
    /// No feature has this name.
    case unknownFeature(String, nearest: String?)
    /// A required feature is not there.
    case missingFeature(String)
    /// A forbidden feature is there.
    case forbiddenFeature(String)
    /// A model by name, of which there are none.
    case namedModel(String)
    /// The hypervisor's answer lacks leaf 1, without which there is no CPU to show.
    case noHostCPU

    /// One line: what is wrong, and what to do.
    public var description: String {
        switch self {
        case .unknownFeature(let name, let nearest):
            if let nearest {
                "CPU feature \"\(name)\" is not known; did you mean \"\(nearest)\"?"
            } else {
                "CPU feature \"\(name)\" is not known; use libvirt's name for it"
            }
        case .missingFeature(let name):
            "CPU feature \"\(name)\" is required but this host does not have it; make it optional or use another host"
        case .forbiddenFeature(let name):
            "CPU feature \"\(name)\" is forbidden but this host has it; use disable to hide it or use another host"
        case .namedModel(let name):
            "CPU model \"\(name)\" is not available; use host-passthrough or host-model, with features to adjust them"
        case .noHostCPU:
            "KVM reports no CPU features; check that /dev/kvm is a working KVM"
        }
    }
}
