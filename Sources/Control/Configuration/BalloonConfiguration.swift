// SPDX-License-Identifier: Apache-2.0

import Record

/// The memory balloon.
public struct BalloonConfiguration: Recordable, Equatable, Sendable {
    /// The record's name in a stream.
    public static let recordName = "balloon"

    /// Whether the guest is asked to report pages that it does not use, which go back to the host.
    public var freePageReporting: Bool
    /// Seconds between two askings for the guest's memory statistics; 0 never asks.
    public var statisticsSeconds: UInt32

    /// A balloon with free page reporting that asks for statistics every ten seconds, unless told otherwise.
    public init(freePageReporting: Bool = true, statisticsSeconds: UInt32 = 10) {
        self.freePageReporting = freePageReporting
        self.statisticsSeconds = statisticsSeconds
    }

    /// Puts every field.
    public func encode(into fields: inout RecordEncoder) {
        fields.put("freePageReporting", freePageReporting)
        fields.put("statisticsSeconds", statisticsSeconds)
    }

    /// Takes every field.
    /// - Throws: `RecordError` when a field is missing or is not what it should be.
    public init(from fields: inout RecordDecoder) throws(RecordError) {
        freePageReporting = try fields.take("freePageReporting")
        statisticsSeconds = try fields.take("statisticsSeconds")
    }
}
