// SPDX-License-Identifier: Apache-2.0

internal import CLinux
import Glibc
import Linux

/// The queues of a tap, a descriptor each, until somebody takes them; those that are left are closed.
final class TapQueues {
    private var raws: [Int32?] = []

    deinit { for case let raw? in raws { _ = FileDescriptor(owning: raw) } }

    /// How many there are, taken ones included.
    var count: Int { raws.count }

    /// Hands a queue over, once.
    func take(_ place: Int) -> FileDescriptor? {
        guard raws.indices.contains(place), let raw = raws[place] else { return nil }
        raws[place] = nil
        return FileDescriptor(owning: raw)
    }

    /// Attaches one more queue to a tap.
    /// - Parameter isNew: makes the tap, which is gone when its last queue is closed, and refuses one that is there.
    /// - Throws: `Errno` of `open` or `ioctl`; EBUSY for a tap that is there or taken.
    func attach(_ name: String, isMultiQueue: Bool, isNew: Bool) throws(Errno) {
        let file = try Self.driver()
        // IFF_TAP, IFF_NO_PI and IFF_VNET_HDR; IFF_MULTI_QUEUE; IFF_TUN_EXCL.
        let flags: UInt16 = 0x5002 | (isMultiQueue ? 0x0100 : 0) | (isNew ? 0x8000 : 0)
        try Self.attach(file, name, flags)
        raws.append(file.release())
    }

    /// Makes a tap without virtio-net headers whose reader gets router solicitations only.
    /// - Throws: `Errno` of `open` or `ioctl`.
    static func makeRouterPort(_ name: String) throws(Errno) -> FileDescriptor {
        let file = try driver()
        try attach(file, name, 0x9002)
        try Errno.check(clinux_tun_only_solicitations(file.raw), "ioctl TUNATTACHFILTER")
        return file
    }

    private static func driver() throws(Errno) -> FileDescriptor {
        try FileDescriptor.open("/dev/net/tun", O_RDWR | O_NONBLOCK)
    }

    private static func attach(_ file: borrowing FileDescriptor, _ name: String, _ flags: UInt16) throws(Errno) {
        let raw = file.raw
        try Errno.check(name.withCString { clinux_tun_attach(raw, $0, Int16(bitPattern: flags)) }, "ioctl TUNSETIFF")
    }
}
