// SPDX-License-Identifier: Apache-2.0

import Record

/// The counters of one vCPU.
public struct VCPUStatistics: Recordable, Equatable, Sendable {
    /// The record's name in a stream.
    public static let recordName = "vcpu"

    /// Which vCPU.
    public var index: UInt32
    /// How often it left the guest for the launcher, by reason.
    public var exits: [Counter]
    /// What KVM counts for it (`KVM_GET_STATS_FD`).
    public var kvm: [Counter]

    /// Counters of a vCPU.
    public init(
        index: UInt32, exits: [Counter], kvm: [Counter] = []
    ) {
        self.index = index
        self.exits = exits
        self.kvm = kvm
    }

    /// Puts every field.
    public func encode(into fields: inout RecordEncoder) {
        fields.put("index", index)
        fields.put("exits", exits)
        fields.put("kvm", kvm)
    }

    /// Takes every field.
    /// - Throws: `RecordError` when a field is missing or is not what it should be.
    public init(from fields: inout RecordDecoder) throws(RecordError) {
        index = try fields.take("index")
        exits = try fields.take("exits")
        kvm = try fields.take("kvm")
    }
}
