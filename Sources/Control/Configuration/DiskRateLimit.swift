// SPDX-License-Identifier: Apache-2.0

import Record

/// A rate that a disk may not exceed over time: a bucket that fills steadily and is emptied by requests.
public struct DiskRateLimit: Recordable, Equatable, Sendable {
    /// The record's name in a stream.
    public static let recordName = "rate"

    /// What flows into the bucket a second: requests or bytes.
    public var perSecond: UInt64
    /// What the bucket holds, and so may be done at once after a rest; nil for the flow of a tenth of a second.
    public var burst: UInt64?

    /// A rate.
    public init(perSecond: UInt64, burst: UInt64? = nil) {
        self.perSecond = perSecond
        self.burst = burst
    }

    /// Puts every field.
    public func encode(into fields: inout RecordEncoder) {
        fields.put("perSecond", perSecond)
        fields.put("burst", burst)
    }

    /// Takes every field.
    /// - Throws: `RecordError` when a field is missing or is not what it should be.
    public init(from fields: inout RecordDecoder) throws(RecordError) {
        perSecond = try fields.take("perSecond")
        burst = try fields.take("burst")
    }
}
