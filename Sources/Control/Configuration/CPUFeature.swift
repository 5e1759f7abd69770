// SPDX-License-Identifier: Apache-2.0

import Record

/// One processor feature by name and what to do about it.
public struct CPUFeature: Recordable, Equatable, Sendable {
    /// The record's name in a stream.
    public static let recordName = "feature"

    /// The feature's name as libvirt and KubeVirt spell it, for instance `avx512f`.
    public var name: String
    /// What to do about it.
    public var policy: CPUFeaturePolicy

    /// A feature that must be there, unless told otherwise.
    public init(
        name: String, policy: CPUFeaturePolicy = .require
    ) {
        self.name = name
        self.policy = policy
    }

    /// Puts every field.
    public func encode(into fields: inout RecordEncoder) {
        fields.put("name", name)
        fields.put("policy", policy)
    }

    /// Takes every field.
    /// - Throws: `RecordError` when a field is missing or is not what it should be.
    public init(from fields: inout RecordDecoder) throws(RecordError) {
        name = try fields.take("name")
        policy = try fields.take("policy")
    }
}
