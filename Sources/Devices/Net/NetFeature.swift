// SPDX-License-Identifier: Apache-2.0

import Network

/// Feature bits of a network card (virtio 1.2 §5.1.3; those above 50 are virtio 1.3's).
enum NetFeature {
    /// VIRTIO_NET_F_CSUM: the driver may leave checksums to us.
    static let checksum: UInt64 = 1 << 0
    /// VIRTIO_NET_F_GUEST_CSUM: we may leave checksums to the driver.
    static let guestChecksum: UInt64 = 1 << 1
    /// VIRTIO_NET_F_CTRL_GUEST_OFFLOADS: the driver may switch offloads while it runs.
    static let controlOffloads: UInt64 = 1 << 2
    /// VIRTIO_NET_F_MTU.
    static let mtu: UInt64 = 1 << 3
    /// VIRTIO_NET_F_MAC.
    static let mac: UInt64 = 1 << 5
    /// VIRTIO_NET_F_GUEST_TSO4.
    static let guestTCP4: UInt64 = 1 << 7
    /// VIRTIO_NET_F_GUEST_TSO6.
    static let guestTCP6: UInt64 = 1 << 8
    /// VIRTIO_NET_F_GUEST_ECN.
    static let guestCongestion: UInt64 = 1 << 9
    /// VIRTIO_NET_F_GUEST_UFO.
    static let guestFragmentation: UInt64 = 1 << 10
    /// VIRTIO_NET_F_HOST_TSO4.
    static let hostTCP4: UInt64 = 1 << 11
    /// VIRTIO_NET_F_HOST_TSO6.
    static let hostTCP6: UInt64 = 1 << 12
    /// VIRTIO_NET_F_HOST_ECN.
    static let hostCongestion: UInt64 = 1 << 13
    /// VIRTIO_NET_F_HOST_UFO.
    static let hostFragmentation: UInt64 = 1 << 14
    /// VIRTIO_NET_F_MRG_RXBUF.
    static let mergeable: UInt64 = 1 << 15
    /// VIRTIO_NET_F_STATUS.
    static let status: UInt64 = 1 << 16
    /// VIRTIO_NET_F_CTRL_VQ: there is a control queue.
    static let control: UInt64 = 1 << 17
    /// VIRTIO_NET_F_CTRL_RX.
    static let controlReceive: UInt64 = 1 << 18
    /// VIRTIO_NET_F_CTRL_VLAN.
    static let controlVLAN: UInt64 = 1 << 19
    /// VIRTIO_NET_F_CTRL_RX_EXTRA.
    static let controlReceiveExtra: UInt64 = 1 << 20
    /// VIRTIO_NET_F_GUEST_ANNOUNCE.
    static let announce: UInt64 = 1 << 21
    /// VIRTIO_NET_F_MQ.
    static let multiQueue: UInt64 = 1 << 22
    /// VIRTIO_NET_F_CTRL_MAC_ADDR.
    static let controlAddress: UInt64 = 1 << 23
    /// VIRTIO_NET_F_GUEST_USO4.
    static let guestUDP4: UInt64 = 1 << 54
    /// VIRTIO_NET_F_GUEST_USO6.
    static let guestUDP6: UInt64 = 1 << 55
    /// VIRTIO_NET_F_HOST_USO.
    static let hostUDP: UInt64 = 1 << 56

    /// All that a driver can switch by VIRTIO_NET_CTRL_GUEST_OFFLOADS.
    static let guestOffloads =
        guestChecksum | guestTCP4 | guestTCP6 | guestCongestion | guestFragmentation | guestUDP4 | guestUDP6

    /// What a card over ports with these abilities offers.
    static func offered(for offloads: Offloads, mtu: UInt16?, pairs: Int = 1) -> UInt64 {
        var bits =
            mac | status | mergeable | control | controlReceive | controlVLAN | controlReceiveExtra | announce
            | controlAddress
        if pairs > 1 { bits |= multiQueue }
        if let mtu, mtu >= 68 { bits |= NetFeature.mtu }
        guard offloads.contains(.checksum) else { return bits }
        bits |= checksum | guestChecksum | controlOffloads
        if offloads.contains(.tcp4) { bits |= guestTCP4 | hostTCP4 }
        if offloads.contains(.tcp6) { bits |= guestTCP6 | hostTCP6 }
        if offloads.contains(.congestion) { bits |= guestCongestion | hostCongestion }
        if offloads.contains(.fragmentation) { bits |= guestFragmentation | hostFragmentation }
        if offloads.contains(.udpSegments) { bits |= guestUDP4 | guestUDP6 | hostUDP }
        return bits
    }

    /// What the port may hand to a driver that accepted these features.
    ///
    /// The kernel switches both kinds of UDP runs at once, so a driver that takes only one gets neither.
    static func offloads(of features: UInt64) -> Offloads {
        guard features & guestChecksum != 0 else { return [] }
        var all: Offloads = .checksum
        if features & guestTCP4 != 0 { all.insert(.tcp4) }
        if features & guestTCP6 != 0 { all.insert(.tcp6) }
        let takesTCP = features & (guestTCP4 | guestTCP6) != 0
        if features & guestCongestion != 0 && takesTCP { all.insert(.congestion) }
        if features & guestFragmentation != 0 { all.insert(.fragmentation) }
        if features & guestUDP4 != 0 && features & guestUDP6 != 0 { all.insert(.udpSegments) }
        return all
    }
}
