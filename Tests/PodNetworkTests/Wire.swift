// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import Linux

/// Stands in for the launcher: carries frames between a queue of the pod's tap and a card `eth0` in the guest's
/// namespace, both ways, until it goes away.
final class Wire: Sendable {
    private let stop: EventFD
    private let ended: EventFD

    /// - Parameter queue: a tap's descriptor, which is closed at the end.
    init(_ queue: consuming FileDescriptor, to guest: NetworkNamespace, hardwareAddress: [UInt8], mtu: UInt16) throws {
        let address = hardwareAddress.map { String($0, radix: 16) }.joined(separator: ":")
        let card = try guest.inside { () throws -> Int32 in
            let file = try FileDescriptor.open("/dev/net/tun", O_RDWR | O_NONBLOCK)
            let raw = file.raw
            try Errno.check("eth0".withCString { clinux_tun_attach(raw, $0, 0x5002) }, "ioctl TUNSETIFF")
            return file.release()
        }
        try guest.shell("ip link set eth0 address \(address) mtu \(mtu) up")
        stop = try EventFD()
        ended = try EventFD()
        let (tap, stopping, done) = (queue.release(), stop.raw, ended.raw)
        _ = try OSThread(name: "wire") {
            Self.carry(tap, card, until: stopping)
            _ = FileDescriptor(owning: tap)
            _ = FileDescriptor(owning: card)
            EventFD.signal(done)
        }
    }

    deinit {
        stop.signal()
        var waited = pollfd(fd: ended.raw, events: Int16(POLLIN), revents: 0)
        poll(&waited, 1, -1)
    }

    private static func carry(_ first: Int32, _ second: Int32, until stop: Int32) {
        var frame = [UInt8](repeating: 0, count: 1 << 17)
        var polled = [first, second, stop].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        while polled[2].revents == 0 {
            guard poll(&polled, 3, -1) >= 0 || errno == EINTR else { return }
            for (from, to) in [(first, second), (second, first)] {
                for _ in 0..<64 {
                    let count = read(from, &frame, frame.count)
                    guard count > 0 else { break }
                    _ = write(to, frame, count)
                }
            }
        }
    }
}
