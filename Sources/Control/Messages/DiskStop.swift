// SPDX-License-Identifier: Apache-2.0

import Record

/// An error of the host's storage that paused the machine, by the disk's `errorPolicy`.
public struct DiskStop: Recordable, Equatable, Sendable {
    /// The record's name in a stream.
    public static let recordName = "disk-stop"

    /// The disk's name.
    public var disk: String
    /// What the host said, in its own words.
    public var message: String
    /// The host has no space left; the machine goes on by itself once there is some.
    public var isNoSpace: Bool

    /// A stop.
    public init(disk: String, message: String, isNoSpace: Bool) {
        self.disk = disk
        self.message = message
        self.isNoSpace = isNoSpace
    }

    /// Puts every field.
    public func encode(into fields: inout RecordEncoder) {
        fields.put("disk", disk)
        fields.put("message", message)
        fields.put("isNoSpace", isNoSpace)
    }

    /// Takes every field.
    /// - Throws: `RecordError` when a field is missing or is not what it should be.
    public init(from fields: inout RecordDecoder) throws(RecordError) {
        disk = try fields.take("disk")
        message = try fields.take("message")
        isNoSpace = try fields.take("isNoSpace")
    }
}
