// SPDX-License-Identifier: Apache-2.0

/// A processor feature by its usual name, as `avx2`, and what is wanted of it.
public struct CPUFeature: Hashable, Sendable {
    /// What is wanted of a feature (libvirt's words).
    public enum Policy: String, CaseIterable, Hashable, Sendable {
        /// Shown to the guest whether or not the host has it.
        case force
        /// Shown to the guest; an error where the host has it not.
        case require
        /// Shown to the guest where the host has it.
        case optional
        /// Hidden from the guest.
        case disable
        /// An error where the host has it.
        case forbid
    }

    /// The feature's name.
    public var name: String

    /// What is wanted: `require` where not given.
    public var policy: Policy

    init(_ reader: ObjectReader) {
        name = reader.requiredString("name", "name a processor feature, such as avx2")
        policy = reader.choice("policy", Policy.self) ?? .require
    }
}
