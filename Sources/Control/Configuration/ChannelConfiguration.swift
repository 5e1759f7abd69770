// SPDX-License-Identifier: Apache-2.0

import Record

/// A channel of bytes between guest and host: a port of the virtio console.
public struct ChannelConfiguration: Recordable, Equatable, Sendable {
    /// The record's name in a stream.
    public static let recordName = "channel"

    /// What the guest finds it by: Linux makes it /dev/virtio-ports/NAME. Unique among channels.
    public var name: String
    /// Where it leads.
    public var end: ChannelEnd

    /// The channel that a QEMU guest agent looks for.
    public static let guestAgent = "org.qemu.guest_agent.0"

    /// A channel.
    public init(name: String, end: ChannelEnd) {
        self.name = name
        self.end = end
    }

    /// Puts every field.
    public func encode(into fields: inout RecordEncoder) {
        fields.put("name", name)
        fields.put("end", end)
    }

    /// Takes every field.
    /// - Throws: `RecordError` when a field is missing or is not what it should be.
    public init(from fields: inout RecordDecoder) throws(RecordError) {
        name = try fields.take("name")
        end = try fields.take("end")
    }

    /// Guests make a file of the name.
    func validate(at path: String) throws(ConfigurationError) {
        try requireName(name, at: "\(path).name")
        try require(
            name.utf8.count <= ConfigurationLimits.channelName, "\(path).name",
            "must be at most \(ConfigurationLimits.channelName) bytes")
        try require(
            !name.utf8.contains(0x2F) && name != "." && name != "..", "\(path).name", "must be usable as a file name")
    }
}
