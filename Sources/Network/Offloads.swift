// SPDX-License-Identifier: Apache-2.0

/// Work on frames that a reader of a tap is ready to do itself: the argument of TUNSETOFFLOAD (`linux/if_tun.h`).
public struct Offloads: OptionSet, Sendable {
    /// The kernel's bits.
    public let rawValue: UInt32
    /// Wraps the kernel's bits.
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// TUN_F_CSUM: takes frames whose checksum is still to be filled in; every other offload needs it.
    public static let checksum = Offloads(rawValue: 0x01)
    /// TUN_F_TSO4: takes TCP segments over IPv4 of up to 64 KiB.
    public static let tcp4 = Offloads(rawValue: 0x02)
    /// TUN_F_TSO6: takes TCP segments over IPv6 of up to 64 KiB.
    public static let tcp6 = Offloads(rawValue: 0x04)
    /// TUN_F_TSO_ECN: takes TCP segments with congestion marks.
    public static let congestion = Offloads(rawValue: 0x08)
    /// TUN_F_UFO: takes UDP datagrams larger than a frame.
    public static let fragmentation = Offloads(rawValue: 0x10)
    /// TUN_F_USO4 and TUN_F_USO6, only together: takes runs of UDP datagrams; Linux 6.2.
    public static let udpSegments = Offloads(rawValue: 0x60)
}
