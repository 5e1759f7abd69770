// SPDX-License-Identifier: Apache-2.0

public import Record

/// A request that the host failed and that is tried again when the machine goes on, as it travels with the state.
public struct SCSIParkedRequest: Recordable, Equatable, Sendable {
    /// The record's name in a stream.
    public static let recordName = "scsi-parked-request"

    /// Index of the request queue it came from, the first being 0.
    public var queue: UInt32
    /// Number of the unit.
    public var unit: UInt32
    /// The chain's token, see `ChainToken.rawValue`.
    public var token: UInt64
    /// The driver's name of the request.
    public var id: UInt64
    /// What the host said, as in `errno(3)`.
    public var error: Int32
    /// 1 read, 2 write, 3 flush, 4 unmap, 5 zero, 6 fill.
    public var kind: UInt32
    /// It completes when it is on stable storage.
    public var isDurable: Bool
    /// The space of zeros may be given back.
    public var mayUnmap: Bool
    /// First byte of a read or write.
    public var offset: UInt64
    /// Bytes the driver has room for, or sent, beyond the data.
    public var residual: UInt64
    /// Guest addresses of the segments: first the response's, then the data's.
    public var addresses: [UInt64]
    /// Lengths of those segments in bytes.
    public var lengths: [UInt64]
    /// How many of them are the response's.
    public var responseSegments: UInt32
    /// Offset and length of each range that is not done yet.
    public var ranges: [UInt64]
    /// What a range is filled with.
    public var fill: [UInt8]

    /// A request without segments or ranges.
    public init(queue: UInt32, unit: UInt32, token: UInt64, id: UInt64, error: Int32, kind: UInt32) {
        self.queue = queue
        self.unit = unit
        self.token = token
        self.id = id
        self.error = error
        self.kind = kind
        isDurable = false
        mayUnmap = false
        offset = 0
        residual = 0
        addresses = []
        lengths = []
        responseSegments = 0
        ranges = []
        fill = []
    }

    /// Puts every field.
    public func encode(into fields: inout RecordEncoder) {
        fields.put("queue", queue)
        fields.put("unit", unit)
        fields.put("token", token)
        fields.put("id", id)
        fields.put("error", error)
        fields.put("kind", kind)
        fields.put("isDurable", isDurable)
        fields.put("mayUnmap", mayUnmap)
        fields.put("offset", offset)
        fields.put("residual", residual)
        fields.put("addresses", addresses)
        fields.put("lengths", lengths)
        fields.put("responseSegments", responseSegments)
        fields.put("ranges", ranges)
        fields.put("fill", fill)
    }

    /// Takes every field.
    /// - Throws: `RecordError` when a field is missing or is not what it should be.
    public init(from fields: inout RecordDecoder) throws(RecordError) {
        queue = try fields.take("queue")
        unit = try fields.take("unit")
        token = try fields.take("token")
        id = try fields.take("id")
        error = try fields.take("error")
        kind = try fields.take("kind")
        isDurable = try fields.take("isDurable")
        mayUnmap = try fields.take("mayUnmap")
        offset = try fields.take("offset")
        residual = try fields.take("residual")
        addresses = try fields.take("addresses")
        lengths = try fields.take("lengths")
        responseSegments = try fields.take("responseSegments")
        ranges = try fields.take("ranges")
        fill = try fields.take("fill")
        guard addresses.count == lengths.count, Int(responseSegments) <= addresses.count else {
            throw fields.invalid("lengths", "must be as many as addresses")
        }
        guard ranges.count % 2 == 0, ranges.count / 2 <= SCSILimits.ranges else {
            throw fields.invalid("ranges", "must be pairs, at most \(SCSILimits.ranges) of them")
        }
    }
}
