// SPDX-License-Identifier: Apache-2.0

import Record

/// One virtio-net interface on existing taps.
public struct NetConfiguration: Recordable, Equatable, Sendable {
    /// The record's name in a stream.
    public static let recordName = "net"

    /// Its name in logs and statistics, unique among interfaces.
    public var name: String
    /// One descriptor of the tap a queue pair; the kernel gives each queue its own.
    public var taps: [DescriptorSlot]
    /// The guest's address.
    public var mac: MACAddress
    /// The largest packet in bytes that the guest is told of, or nil to not tell.
    public var mtu: UInt16?
    /// Its place among the devices to boot from, 1 first, or nil.
    public var bootOrder: UInt32?

    /// An interface without an MTU or a place in the boot order, unless told otherwise.
    public init(
        name: String, taps: [DescriptorSlot], mac: MACAddress, mtu: UInt16? = nil, bootOrder: UInt32? = nil
    ) {
        self.name = name
        self.taps = taps
        self.mac = mac
        self.mtu = mtu
        self.bootOrder = bootOrder
    }

    /// How many queue pairs the guest may use.
    public var queues: Int { taps.count }

    /// Puts every field.
    public func encode(into fields: inout RecordEncoder) {
        fields.put("name", name)
        fields.put("taps", taps)
        fields.put("mac", mac)
        fields.put("mtu", mtu)
        fields.put("bootOrder", bootOrder)
    }

    /// Takes every field.
    /// - Throws: `RecordError` when a field is missing or is not what it should be.
    public init(from fields: inout RecordDecoder) throws(RecordError) {
        name = try fields.take("name")
        taps = try fields.take("taps")
        mac = try fields.take("mac")
        mtu = try fields.take("mtu")
        bootOrder = try fields.take("bootOrder")
    }
}
