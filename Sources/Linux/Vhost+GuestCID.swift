// SPDX-License-Identifier: Apache-2.0

internal import CLinux

extension Vhost {
    /// Gives an open `/dev/vhost-vsock` a guest's context ID, which is its own until it is closed everywhere; whoever owns
    /// it later may set the same one again.
    /// - Throws: `Errno` of `ioctl`: EADDRINUSE when another guest has it or it names this host, EINVAL for 0 to 2.
    public static func claim(guestCID cid: UInt32, on file: borrowing FileDescriptor) throws(Errno) {
        var value = UInt64(cid)
        // SAFETY: the request reads 64 bits.
        try Errno.check(
            unsafe clinux_vhost_value(file.raw, CLINUX_VHOST_VSOCK_SET_GUEST_CID, &value),
            "ioctl VHOST_VSOCK_SET_GUEST_CID")
    }
}
