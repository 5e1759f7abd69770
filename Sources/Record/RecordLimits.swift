// SPDX-License-Identifier: Apache-2.0

/// How much a peer's stream may make the decoder do.
///
/// A decoded stream takes about as many bytes as it is long, and up to some 50 more for each value it holds.
public struct RecordLimits: Sendable {
    /// The longest accepted stream, in bytes.
    public var maximumBytes: Int
    /// How deep lists and records may nest.
    public var maximumDepth: Int
    /// How many values, counting every field, element and packed number, a stream may hold.
    public var maximumValues: Int

    /// Limits for a stream; the defaults suit a device state of a large machine.
    public init(maximumBytes: Int = 64 << 20, maximumDepth: Int = 32, maximumValues: Int = 1 << 20) {
        self.maximumBytes = maximumBytes
        self.maximumDepth = maximumDepth
        self.maximumValues = maximumValues
    }
}
