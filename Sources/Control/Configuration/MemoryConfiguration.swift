// SPDX-License-Identifier: Apache-2.0

import Record

/// Guest memory, what backs it and how it is spread.
public struct MemoryConfiguration: Recordable, Equatable, Sendable {
    /// The record's name in a stream.
    public static let recordName = "memory"

    /// How much memory the guest has, in bytes.
    public var bytes: UInt64
    /// What backs it.
    public var backing: MemoryBacking
    /// How many threads touch all of it before the guest starts; 0 leaves that to the guest.
    public var prefaultThreads: UInt32
    /// NUMA nodes in order, or none for a machine without NUMA.
    public var nodes: [NUMANode]

    /// Anonymous memory of one node, unless told otherwise.
    public init(
        bytes: UInt64, backing: MemoryBacking = .anonymous, prefaultThreads: UInt32 = 0, nodes: [NUMANode] = []
    ) {
        self.bytes = bytes
        self.backing = backing
        self.prefaultThreads = prefaultThreads
        self.nodes = nodes
    }

    /// Puts every field.
    public func encode(into fields: inout RecordEncoder) {
        fields.put("bytes", bytes)
        fields.put("backing", backing)
        fields.put("prefaultThreads", prefaultThreads)
        fields.put("nodes", nodes)
    }

    /// Takes every field.
    /// - Throws: `RecordError` when a field is missing or is not what it should be.
    public init(from fields: inout RecordDecoder) throws(RecordError) {
        bytes = try fields.take("bytes")
        backing = try fields.take("backing")
        prefaultThreads = try fields.take("prefaultThreads")
        nodes = try fields.take("nodes")
    }
}
