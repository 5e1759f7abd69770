// SPDX-License-Identifier: Apache-2.0

import Record

/// How fast frames may flow in one direction of an interface; a rate of 0 is no limit.
public struct FrameRate: Recordable, Equatable, Sendable {
    /// The record's name in a stream.
    public static let recordName = "frameRate"

    /// Bytes a second.
    public var bytesPerSecond: UInt64
    /// Bytes that may go at once after a pause; 0 for a tenth of a second's.
    public var burstBytes: UInt64
    /// Frames a second.
    public var framesPerSecond: UInt64
    /// Frames that may go at once after a pause; 0 for a tenth of a second's.
    public var burstFrames: UInt64

    /// A limit.
    public init(
        bytesPerSecond: UInt64 = 0, burstBytes: UInt64 = 0, framesPerSecond: UInt64 = 0, burstFrames: UInt64 = 0
    ) {
        self.bytesPerSecond = bytesPerSecond
        self.burstBytes = burstBytes
        self.framesPerSecond = framesPerSecond
        self.burstFrames = burstFrames
    }

    /// Puts every field.
    public func encode(into fields: inout RecordEncoder) {
        fields.put("bytesPerSecond", bytesPerSecond)
        fields.put("burstBytes", burstBytes)
        fields.put("framesPerSecond", framesPerSecond)
        fields.put("burstFrames", burstFrames)
    }

    /// Takes every field.
    /// - Throws: `RecordError` when a field is missing or is not what it should be.
    public init(from fields: inout RecordDecoder) throws(RecordError) {
        bytesPerSecond = try fields.take("bytesPerSecond")
        burstBytes = try fields.take("burstBytes")
        framesPerSecond = try fields.take("framesPerSecond")
        burstFrames = try fields.take("burstFrames")
    }
}
