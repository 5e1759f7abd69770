// SPDX-License-Identifier: Apache-2.0

import Glibc
public import Linux

/// A tap device that exists already, opened for one queue pair.
public struct PodTap: ~Copyable, Sendable {
    /// The attached queue; the launcher sets offloads on it.
    public let descriptor: FileDescriptor
    /// The device's MTU in bytes, which the guest is told.
    public let mtu: UInt16

    /// Attaches to a tap device; packets come with a virtio-net header and without packet information.
    /// - Parameters:
    ///   - name: the device's name on the host.
    ///   - isOneOfSeveral: the interface has several queues, so the device must have been made for that.
    ///   - network: the network of the manifest that it stands for, for errors.
    ///   - field: the interface's path, for errors.
    /// - Throws: `NetworkError`.
    public static func open(
        _ name: String, isOneOfSeveral: Bool = false, network: String, field: String
    ) throws(NetworkError) -> PodTap {
        guard (1..<16).contains(name.utf8.count), !name.utf8.contains(0), !name.utf8.contains(0x2F) else {
            throw NetworkError(field, "\"\(name)\" cannot name a network device; pass --tap \(network)=TAP")
        }
        // Attaching to a name that is not there would create a device, which would be left behind.
        guard let mtu = try? NetworkInterface.mtu(of: name) else {
            throw NetworkError(
                field,
                "there is no tap device \(name); create it: ip tuntap add \(name) mode tap && ip link set \(name) up")
        }
        guard let flags = tunFlags(of: name), flags & 0x0002 != 0 else {
            throw NetworkError(field, "\(name) is not a tap device; pass --tap \(network)=TAP with one that is")
        }
        // A device made for several queues takes one user as well, who must know of it (IFF_MULTI_QUEUE).
        let isMultiQueue = flags & 0x0100 != 0
        guard isMultiQueue || !isOneOfSeveral else {
            throw NetworkError(
                field,
                "the tap device \(name) was made for one queue, and networkInterfaceMultiqueue needs one a vCPU; "
                    + "make it by: ip tuntap add \(name) mode tap multi_queue")
        }
        let file: FileDescriptor
        do throws(Errno) { file = try .open("/dev/net/tun", O_RDWR | O_NONBLOCK) } catch {
            let remedy =
                error.code == ENOENT ? "load it: modprobe tun" : "change its permissions or run with CAP_NET_ADMIN"
            throw NetworkError(field, "/dev/net/tun cannot be opened: \(error.reason); \(remedy)")
        }
        do throws(Errno) { try NetworkInterface.attach(file, toTap: name, isOneOfSeveral: isMultiQueue) } catch {
            throw NetworkError(field, refusal(of: name, error))
        }
        return PodTap(descriptor: file, mtu: UInt16(clamping: max(mtu, 68)))
    }

    private init(descriptor: consuming FileDescriptor, mtu: UInt16) {
        self.descriptor = descriptor
        self.mtu = mtu
    }

    /// What sysfs shows of a device of the tun driver (IFF_TAP is 2, IFF_MULTI_QUEUE 0x100); nil for any other.
    private static func tunFlags(of name: String) -> Int32? {
        guard let file = try? FileDescriptor.open("/sys/class/net/\(name)/tun_flags", O_RDONLY),
            let bytes = try? file.readAll(limit: 64)
        else { return nil }
        let text = String(decoding: bytes, as: UTF8.self).trimmingSuffix { $0.isWhitespace }
        return text.hasPrefix("0x") ? Int32(text.dropFirst(2), radix: 16) : nil
    }

    private static func refusal(of name: String, _ error: Errno) -> String {
        switch error.code {
        case EBUSY: "the tap device \(name) is in use by another process; stop that or make another device"
        case EPERM, EACCES:
            "the tap device \(name) may not be opened; give it to this user: ip tuntap add \(name) mode tap user NAME"
        case EINVAL:
            "the tap device \(name) was made for other uses; "
                + "make it by: ip tuntap add \(name) mode tap"
        default: "the tap device \(name) cannot be opened: \(error.reason)"
        }
    }
}

extension String {
    /// Without the characters at its end for which `isTrimmed` holds.
    fileprivate func trimmingSuffix(while isTrimmed: (Character) -> Bool) -> Substring {
        var rest = self[...]
        while let last = rest.last, isTrimmed(last) { rest.removeLast() }
        return rest
    }
}
