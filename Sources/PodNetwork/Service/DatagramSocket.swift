// SPDX-License-Identifier: Apache-2.0

internal import CLinux
import Linux
import VMISpec

/// A UDP port on one device, which takes no capability but NET_BIND_SERVICE (SO_BINDTODEVICE, Linux 5.7).
final class DatagramSocket {
    let descriptor: FileDescriptor

    /// The longest datagram that is read, in bytes; longer ones are dropped.
    private static let mostBytes = 4096

    /// - Throws: `Errno` of `socket`, `setsockopt` or `bind`.
    init(port: UInt16, ipv6: Bool, device: String) throws(Errno) {
        let raw = device.withCString { clinux_udp_server(ipv6 ? 1 : 0, port, $0) }
        descriptor = FileDescriptor(owning: Int32(try Errno.check(raw, "bind")))
    }

    /// Takes datagrams to an IPv6 group as well.
    /// - Throws: `Errno` of `setsockopt`.
    func join(_ group: IPv6Address, interface: UInt32) throws(Errno) {
        try Errno.check(
            group.bytes.withUnsafeBufferPointer { clinux_join_group(descriptor.raw, $0.baseAddress, interface) },
            "setsockopt IPV6_ADD_MEMBERSHIP")
    }

    /// The next datagram and its sender; nil when there is none. One that is too long comes as no bytes.
    func receive() -> (bytes: [UInt8], peer: clinux_peer)? {
        var peer = clinux_peer()
        var buffer = [UInt8](repeating: 0, count: Self.mostBytes)
        while true {
            let size = buffer.withUnsafeMutableBytes {
                clinux_receive_from(descriptor.raw, $0.baseAddress, $0.count, &peer)
            }
            if size == -Int(EINTR) { continue }
            guard size >= 0 else { return nil }
            return (size <= buffer.count ? Array(buffer[..<size]) : [], peer)
        }
    }

    /// Sends a datagram; one that cannot be sent now is lost, and its client asks again.
    func send(_ bytes: [UInt8], to peer: clinux_peer) {
        var peer = peer
        _ = bytes.withUnsafeBytes { clinux_send_to(descriptor.raw, $0.baseAddress, $0.count, &peer) }
    }
}

extension clinux_peer {
    /// A port of an IPv4 address.
    init(_ address: IPv4Address, port: UInt16) {
        self.init()
        withUnsafeMutableBytes(of: &self.address) { $0.copyBytes(from: address.bytes) }
        self.port = port
    }

    /// The sender's address; nil for one of IPv4.
    var ipv6: IPv6Address? {
        is_ipv6 == 0 ? nil : withUnsafeBytes(of: address) { IPv6Address(bytes: Array($0)) }
    }
}
