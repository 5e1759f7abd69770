// SPDX-License-Identifier: Apache-2.0

public import Record

/// What one port of a console carries to another host; its connection stays behind.
public struct PortState: Recordable, Equatable, Sendable {
    /// The record's name in a stream.
    public static let recordName = "port"

    /// The port's name.
    public var name: String
    /// News that the driver has not been told: bit 0 that the port exists, bit 1 that it is a terminal, bit 2 its name.
    public var news: UInt8 = 0
    /// The driver has the port set up.
    public var isReady = false
    /// Somebody in the guest has it open.
    public var isGuestOpen = false
    /// The driver was told that somebody on the host has it open.
    public var isToldOpen = false
    /// Bytes of the buffer next in the transmit queue that the host has already got.
    public var sent: UInt32 = 0

    /// A port that nobody has touched.
    public init(name: String) { self.name = name }

    /// Puts every field.
    public func encode(into fields: inout RecordEncoder) {
        fields.put("name", name)
        fields.put("news", news)
        fields.put("isReady", isReady)
        fields.put("isGuestOpen", isGuestOpen)
        fields.put("isToldOpen", isToldOpen)
        fields.put("sent", sent)
    }

    /// Takes every field.
    /// - Throws: `RecordError` when a field is missing or is not what it should be.
    public init(from fields: inout RecordDecoder) throws(RecordError) {
        name = try fields.take("name")
        news = try fields.take("news")
        isReady = try fields.take("isReady")
        isGuestOpen = try fields.take("isGuestOpen")
        isToldOpen = try fields.take("isToldOpen")
        sent = try fields.take("sent")
    }
}
