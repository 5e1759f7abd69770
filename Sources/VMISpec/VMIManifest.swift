// SPDX-License-Identifier: Apache-2.0

/// A manifest of kubevirt.io: an instance, or a virtual machine whose template holds one.
///
/// Every field of the API works, or is refused with its path and what works instead, or is one of
/// `deliberatelyIgnored`, which is noted. Nothing is dropped in silence.
public struct VMIManifest: Hashable, Sendable {
    /// The kinds that can be run.
    public enum Kind: String, CaseIterable, Hashable, Sendable {
        case virtualMachineInstance = "VirtualMachineInstance"
        case virtualMachine = "VirtualMachine"
    }

    /// When a cluster runs a virtual machine.
    public enum RunStrategy: String, CaseIterable, Hashable, Sendable {
        case always = "Always"
        case halted = "Halted"
        case manual = "Manual"
        case rerunOnFailure = "RerunOnFailure"
        case once = "Once"
        case waitAsReceiver = "WaitAsReceiver"
    }

    /// The API versions that are read; both mean the same.
    public static let apiVersions = ["kubevirt.io/v1", "kubevirt.io/v1alpha3"]

    /// The fields that are accepted without effect.
    public static let deliberatelyIgnored: [IgnoredField] = Support.deliberatelyIgnored

    /// The manifest's kind.
    public let kind: Kind

    /// One of `apiVersions`.
    public let apiVersion: String

    /// The virtual machine's run strategy, `running: true` being `Always` and `false` `Halted`; nil for an instance.
    public let runStrategy: RunStrategy?

    /// The instance to run.
    public let instance: VirtualMachineInstance

    /// What was accepted without effect, by field.
    public let notes: [Problem]
}
