// SPDX-License-Identifier: Apache-2.0

import Record

/// The counters of one device.
public struct DeviceStatistics: Recordable, Equatable, Sendable {
    /// The record's name in a stream.
    public static let recordName = "device"

    /// The device's name in the configuration, or its kind where it has none.
    public var name: String
    /// Its counters.
    public var counters: [Counter]

    /// Counters of a device.
    public init(
        name: String, counters: [Counter]
    ) {
        self.name = name
        self.counters = counters
    }

    /// Puts every field.
    public func encode(into fields: inout RecordEncoder) {
        fields.put("name", name)
        fields.put("counters", counters)
    }

    /// Takes every field.
    /// - Throws: `RecordError` when a field is missing or is not what it should be.
    public init(from fields: inout RecordDecoder) throws(RecordError) {
        name = try fields.take("name")
        counters = try fields.take("counters")
    }
}
