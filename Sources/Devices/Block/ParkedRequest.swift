// SPDX-License-Identifier: Apache-2.0

public import Record

/// A request that the host failed and that is tried again when the machine goes on, as it travels with the disk's state.
///
/// The chain is kept whole, because a driver may reuse a ring's entries once the device has taken them up.
public struct ParkedRequest: Recordable, Equatable, Sendable {
    /// The record's name in a stream.
    public static let recordName = "parked-request"

    /// Index of the queue it came from.
    public var queue: UInt32
    /// The chain's token, see `ChainToken.rawValue`.
    public var token: UInt64
    /// What the host said, as in `errno(3)`.
    public var error: Int32
    /// VIRTIO_BLK_T_* (virtio 1.2 §5.2.6).
    public var type: UInt32
    /// First byte of a read or write.
    public var offset: UInt64
    /// Guest addresses of the data's segments.
    public var addresses: [UInt64]
    /// Lengths of those segments in bytes.
    public var lengths: [UInt64]
    /// Guest address of the status byte.
    public var status: UInt64
    /// First sector, number of sectors and flags of each range that is not done yet.
    public var ranges: [UInt64]

    /// A request without data or ranges.
    public init(queue: UInt32, token: UInt64, error: Int32, type: UInt32, offset: UInt64, status: UInt64) {
        self.queue = queue
        self.token = token
        self.error = error
        self.type = type
        self.offset = offset
        self.status = status
        addresses = []
        lengths = []
        ranges = []
    }

    /// Puts every field.
    public func encode(into fields: inout RecordEncoder) {
        fields.put("queue", queue)
        fields.put("token", token)
        fields.put("error", error)
        fields.put("type", type)
        fields.put("offset", offset)
        fields.put("addresses", addresses)
        fields.put("lengths", lengths)
        fields.put("status", status)
        fields.put("ranges", ranges)
    }

    /// Takes every field.
    /// - Throws: `RecordError` when a field is missing or is not what it should be.
    public init(from fields: inout RecordDecoder) throws(RecordError) {
        queue = try fields.take("queue")
        token = try fields.take("token")
        error = try fields.take("error")
        type = try fields.take("type")
        offset = try fields.take("offset")
        addresses = try fields.take("addresses")
        lengths = try fields.take("lengths")
        status = try fields.take("status")
        ranges = try fields.take("ranges")
        guard addresses.count == lengths.count else { throw fields.invalid("lengths", "must be as many as addresses") }
        guard ranges.count % 3 == 0, ranges.count / 3 <= BlockLimits.ranges else {
            throw fields.invalid("ranges", "must be threes, at most \(BlockLimits.ranges) of them")
        }
    }
}
