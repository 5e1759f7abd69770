// SPDX-License-Identifier: Apache-2.0

internal import CLinux

/// Network devices of this process's network namespace.
public enum NetworkInterface {
    /// A device's MTU in bytes.
    /// - Throws: `Errno` of `ioctl`; ENODEV when there is no such device.
    public static func mtu(of name: String) throws(Errno) -> Int32 {
        var mtu: Int32 = 0
        try Errno.check(unsafe name.withCString { unsafe clinux_interface_mtu($0, &mtu) }, "ioctl SIOCGIFMTU")
        return mtu
    }

    /// Makes an open `/dev/net/tun` a queue of a tap device, with a virtio-net header before each packet and no packet
    /// information (IFF_TAP, IFF_VNET_HDR, IFF_NO_PI); a device of a name that is not there is created.
    /// - Parameter isOneOfSeveral: the device has several queues (IFF_MULTI_QUEUE).
    /// - Throws: `Errno` of `ioctl`; EBUSY when the device is taken.
    public static func attach(_ tun: borrowing FileDescriptor, toTap name: String, isOneOfSeveral: Bool = false)
        throws(Errno)
    {
        let flags: Int16 = 0x0002 | 0x1000 | 0x4000 | (isOneOfSeveral ? 0x0100 : 0)
        try Errno.check(unsafe name.withCString { unsafe clinux_tun_attach(tun.raw, $0, flags) }, "ioctl TUNSETIFF")
    }
}
