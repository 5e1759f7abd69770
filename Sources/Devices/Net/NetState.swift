// SPDX-License-Identifier: Apache-2.0

public import Network
public import Record

/// What a network card carries to another host beside its transport's state: frames in flight are lost, as on any wire.
public struct NetState: Recordable, Equatable, Sendable {
    /// The record's name in a stream.
    public static let recordName = "netState"

    /// The card's address: its own, or what the driver set.
    public var mac: MACAddress
    /// The cable is plugged in.
    public var isUp: Bool
    /// The driver was asked to announce itself and has not said that it did.
    public var announces = false
    /// Pairs of queues that the driver uses.
    public var pairs: UInt16 = 1
    /// The feature bits of the offloads that the driver takes now; nil for all it negotiated.
    public var offloads: UInt64?
    /// What the driver wants to receive.
    public var receiving = NetReceiving()

    /// The state of a card without a driver.
    public init(mac: MACAddress, isUp: Bool) {
        self.mac = mac
        self.isUp = isUp
    }

    /// Puts every field.
    public func encode(into fields: inout RecordEncoder) {
        fields.put("mac", mac.rawValue)
        fields.put("isUp", isUp)
        fields.put("announces", announces)
        fields.put("pairs", pairs)
        fields.put("offloads", offloads)
        fields.put("receiving", receiving)
    }

    /// Takes every field.
    /// - Throws: `RecordError` when a field is missing or is not what it should be.
    public init(from fields: inout RecordDecoder) throws(RecordError) {
        mac = MACAddress(rawValue: try fields.take("mac"))
        isUp = try fields.take("isUp")
        announces = try fields.take("announces")
        pairs = try fields.take("pairs")
        offloads = try fields.take("offloads")
        receiving = try fields.take("receiving")
    }
}
