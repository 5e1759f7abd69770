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
    /// One open /dev/vhost-net a queue pair, which moves the frames then; or none.
    public var vhost: [DescriptorSlot]
    /// The guest's address.
    public var mac: MACAddress
    /// The largest packet in bytes that the guest is told of, or nil to not tell.
    public var mtu: UInt16?
    /// Whether the cable is plugged in at first.
    public var isUp: Bool
    /// How fast frames may go to the guest, or nil; not with vhost.
    public var receiving: FrameRate?
    /// How fast frames may come from the guest, or nil; not with vhost.
    public var sending: FrameRate?
    /// Its place among the devices to boot from, 1 first, or nil.
    public var bootOrder: UInt32?

    /// An interface without vhost, MTU, limits or a place in the boot order and with its cable in, unless told otherwise.
    public init(
        name: String, taps: [DescriptorSlot], vhost: [DescriptorSlot] = [], mac: MACAddress, mtu: UInt16? = nil,
        isUp: Bool = true, receiving: FrameRate? = nil, sending: FrameRate? = nil, bootOrder: UInt32? = nil
    ) {
        self.name = name
        self.taps = taps
        self.vhost = vhost
        self.mac = mac
        self.mtu = mtu
        self.isUp = isUp
        self.receiving = receiving
        self.sending = sending
        self.bootOrder = bootOrder
    }

    /// How many queue pairs the guest may use.
    public var queues: Int { taps.count }

    /// Puts every field.
    public func encode(into fields: inout RecordEncoder) {
        fields.put("name", name)
        fields.put("taps", taps)
        fields.put("vhost", vhost)
        fields.put("mac", mac)
        fields.put("mtu", mtu)
        fields.put("isUp", isUp)
        fields.put("receiving", receiving)
        fields.put("sending", sending)
        fields.put("bootOrder", bootOrder)
    }

    /// Takes every field.
    /// - Throws: `RecordError` when a field is missing or is not what it should be.
    public init(from fields: inout RecordDecoder) throws(RecordError) {
        name = try fields.take("name")
        taps = try fields.take("taps")
        vhost = try fields.take("vhost")
        mac = try fields.take("mac")
        mtu = try fields.take("mtu")
        isUp = try fields.take("isUp")
        receiving = try fields.take("receiving")
        sending = try fields.take("sending")
        bootOrder = try fields.take("bootOrder")
    }
}
