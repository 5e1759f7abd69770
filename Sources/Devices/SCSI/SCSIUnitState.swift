// SPDX-License-Identifier: Apache-2.0

public import Record

/// What a logical unit carries to another host.
public struct SCSIUnitState: Recordable, Equatable, Sendable {
    /// The record's name in a stream.
    public static let recordName = "scsi-unit"

    /// Its number.
    public var number: UInt32
    /// Conditions its driver has yet to hear of, a bit each.
    public var attentions: UInt32
    /// The driver trusts its flushes.
    public var writeCache: Bool
    /// The drive's tray is open.
    public var isTrayOpen: Bool
    /// The driver wants the medium to stay.
    public var isLocked: Bool
    /// The media event that waits to be told (MMC-6 §6.6.3).
    public var mediaEvent: UInt8

    /// A unit's state.
    public init(
        number: UInt32, attentions: UInt32, writeCache: Bool, isTrayOpen: Bool, isLocked: Bool, mediaEvent: UInt8
    ) {
        self.number = number
        self.attentions = attentions
        self.writeCache = writeCache
        self.isTrayOpen = isTrayOpen
        self.isLocked = isLocked
        self.mediaEvent = mediaEvent
    }

    /// Puts every field.
    public func encode(into fields: inout RecordEncoder) {
        fields.put("number", number)
        fields.put("attentions", attentions)
        fields.put("writeCache", writeCache)
        fields.put("isTrayOpen", isTrayOpen)
        fields.put("isLocked", isLocked)
        fields.put("mediaEvent", mediaEvent)
    }

    /// Takes every field.
    /// - Throws: `RecordError` when a field is missing or is not what it should be.
    public init(from fields: inout RecordDecoder) throws(RecordError) {
        number = try fields.take("number")
        attentions = try fields.take("attentions")
        writeCache = try fields.take("writeCache")
        isTrayOpen = try fields.take("isTrayOpen")
        isLocked = try fields.take("isLocked")
        mediaEvent = try fields.take("mediaEvent")
    }
}
