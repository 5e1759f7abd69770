// SPDX-License-Identifier: Apache-2.0

public import Record

/// What a balloon carries to another host beside its transport's state.
public struct BalloonState: Recordable, Equatable, Sendable {
    /// The record's name in a stream.
    public static let recordName = "balloon"

    /// Pages of 4 KiB that the guest is to put into the balloon.
    public var wanted: UInt32
    /// Pages that the guest says are in it.
    public var actual: UInt32

    /// A state.
    public init(wanted: UInt32 = 0, actual: UInt32 = 0) {
        self.wanted = wanted
        self.actual = actual
    }

    /// Puts every field.
    public func encode(into fields: inout RecordEncoder) {
        fields.put("wanted", wanted)
        fields.put("actual", actual)
    }

    /// Takes every field.
    /// - Throws: `RecordError` when a field is missing or is not what it should be.
    public init(from fields: inout RecordDecoder) throws(RecordError) {
        wanted = try fields.take("wanted")
        actual = try fields.take("actual")
    }
}
