// SPDX-License-Identifier: Apache-2.0

import Record

/// One NUMA node of the guest; nodes follow each other in guest memory.
public struct NUMANode: Recordable, Equatable, Sendable {
    /// The record's name in a stream.
    public static let recordName = "node"

    /// Its share of the memory, in bytes.
    public var bytes: UInt64
    /// The vCPUs that belong to it.
    public var vcpus: [UInt32]
    /// The host node its memory is bound to, or nil.
    public var hostNode: UInt32?
    /// Its distance to each node in order as in ACPI's SLIT (10 to itself), or none for the usual ones.
    public var distances: [UInt32]

    /// A node bound nowhere, at the usual distances, unless told otherwise.
    public init(
        bytes: UInt64, vcpus: [UInt32], hostNode: UInt32? = nil, distances: [UInt32] = []
    ) {
        self.bytes = bytes
        self.vcpus = vcpus
        self.hostNode = hostNode
        self.distances = distances
    }

    /// Puts every field.
    public func encode(into fields: inout RecordEncoder) {
        fields.put("bytes", bytes)
        fields.put("vcpus", vcpus)
        fields.put("hostNode", hostNode)
        fields.put("distances", distances)
    }

    /// Takes every field.
    /// - Throws: `RecordError` when a field is missing or is not what it should be.
    public init(from fields: inout RecordDecoder) throws(RecordError) {
        bytes = try fields.take("bytes")
        vcpus = try fields.take("vcpus")
        hostNode = try fields.take("hostNode")
        distances = try fields.take("distances")
    }
}
