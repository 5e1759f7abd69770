// SPDX-License-Identifier: Apache-2.0

public import Record

/// What a disk carries to another host beside its transport's state; taken while the disk is paused.
public struct BlockState: Recordable, Equatable, Sendable {
    /// The record's name in a stream.
    public static let recordName = "block"

    /// Bytes the driver was told the disk has.
    public var capacity: UInt64
    /// The driver trusts its flushes (virtio 1.2 §5.2.4, writeback).
    public var writeCache: Bool
    /// Requests that wait to be tried again.
    public var parked: [ParkedRequest]

    /// A state.
    public init(capacity: UInt64, writeCache: Bool, parked: [ParkedRequest] = []) {
        self.capacity = capacity
        self.writeCache = writeCache
        self.parked = parked
    }

    /// Puts every field.
    public func encode(into fields: inout RecordEncoder) {
        fields.put("capacity", capacity)
        fields.put("writeCache", writeCache)
        fields.put("parked", parked)
    }

    /// Takes every field.
    /// - Throws: `RecordError` when a field is missing or is not what it should be.
    public init(from fields: inout RecordDecoder) throws(RecordError) {
        capacity = try fields.take("capacity")
        writeCache = try fields.take("writeCache")
        parked = try fields.take("parked")
    }
}
