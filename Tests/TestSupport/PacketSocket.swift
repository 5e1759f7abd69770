// SPDX-License-Identifier: Apache-2.0

import Glibc
public import Linux

/// The host's side of an interface of this thread's network namespace: whole Ethernet frames.
public struct PacketSocket: ~Copyable {
    /// EtherType for local experiments, as every frame of these has it.
    public static let type: [UInt8] = [0x88, 0xB5]
    private let file: FileDescriptor
    private let index: UInt32

    /// - Throws: `Errno` of `socket`, ENODEV when there is no such interface.
    public init(_ interface: String) throws(Errno) {
        let raw = try Errno.check(Int(socket(AF_PACKET, Int32(SOCK_RAW.rawValue), 0)), "socket")
        let file = FileDescriptor(owning: Int32(raw))
        let index = if_nametoindex(interface)
        guard index > 0 else { throw Errno(code: ENODEV, call: "if_nametoindex") }
        self.file = file
        self.index = index
    }

    /// Sends a frame of 60 bytes or more out of the interface.
    /// - Parameter destination: six bytes.
    /// - Throws: `Errno` of `sendto`.
    public borrowing func send(to destination: [UInt8], count: Int = 60, filler: UInt8 = 7) throws(Errno) {
        // struct sockaddr_ll: family, protocol, index, and 12 bytes that sending needs none of.
        var address = [UInt8](repeating: 0, count: 20)
        address[0] = UInt8(AF_PACKET)
        for i in 0..<4 { address[4 + i] = UInt8(truncatingIfNeeded: index >> (8 * UInt32(i))) }
        let head = destination + [2, 0, 0, 0, 0, 0xFE] + PacketSocket.type
        let frame = head + [UInt8](repeating: filler, count: max(count, 60) - head.count)
        let sent = address.withUnsafeBytes { to in
            sendto(file.raw, frame, frame.count, 0, to.baseAddress?.assumingMemoryBound(to: sockaddr.self), 20)
        }
        guard sent == frame.count else { throw Errno(code: errno, call: "sendto") }
    }
}
