// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import Linux
import Network
import TestSupport
import Testing

/// What the kernel makes of a tap's queues, filter and carrier.
@Suite("Queues and filters of taps", .serialized)
struct TapQueueTests {
    private static let mac = MACAddress(rawValue: 0x02_0000_0000_AA)

    private func inNamespace(_ taps: [String], several: Bool, _ body: @escaping @Sendable () throws -> Void) throws {
        if try !Namespace.run(taps: taps, isMultiQueue: several, isQuiet: true, body) {
            print("skipped: this host permits no network namespace or has no /dev/net/tun")
        }
    }

    private static func emit(_ name: String, to destination: MACAddress) throws {
        try PacketSocket(name).send(to: destination.bytes)
    }

    /// Frames of the experiments' type that wait in a tap; all others are thrown away.
    private static func take(_ tap: borrowing Tap) throws -> Int {
        let bytes = UnsafeMutableRawPointer.allocate(byteCount: 2048, alignment: 16)
        let entry = UnsafeMutablePointer<iovec>.allocate(capacity: 1)
        defer {
            bytes.deallocate()
            entry.deallocate()
        }
        entry.pointee = iovec(iov_base: bytes, iov_len: 2048)
        var count = 0
        while let length = try tap.receive(IOSpan(base: entry, count: 1)) {
            if length > 26, bytes.load(fromByteOffset: 24, as: UInt16.self) == 0xB588 { count += 1 }
        }
        return count
    }

    @Test("a tap for several queues opens as often as it is asked, and a detached queue gets no frames")
    func queues() throws {
        try inNamespace(["many0"], several: true) {
            let first = try Tap.open("many0")
            let second = try Tap.open("many0")
            let areMany = first.isMultiQueue && second.isMultiQueue
            #expect(areMany)
            try second.setAttached(false)
            try second.setAttached(false)
            for i in 0..<40 {
                try Self.emit("many0", to: MACAddress(rawValue: 0x02_0000_0000_00 + UInt64(i)))
            }
            let viaFirst = try Self.take(first)
            #expect(viaFirst == 40)
            try second.setAttached(true)
            try first.setAttached(false)
            for i in 0..<40 {
                try Self.emit("many0", to: MACAddress(rawValue: 0x02_0000_0000_00 + UInt64(i)))
            }
            let viaSecond = try Self.take(second)
            #expect(viaSecond == 40)
        }
    }

    @Test("a tap for one queue stays attached and has one user")
    func single() throws {
        try inNamespace(["one0"], several: false) {
            let tap = try Tap.open("one0")
            let isMany = tap.isMultiQueue
            #expect(!isMany)
            try tap.setAttached(false)
            try Self.emit("one0", to: Self.mac)
            let taken = try Self.take(tap)
            #expect(taken == 1)
        }
    }

    @Test("the kernel drops what the filter does not want")
    func filter() throws {
        try inNamespace(["filter0"], several: false) {
            let tap = try Tap.open("filter0")
            let other = MACAddress(rawValue: 0x02_0000_0000_BB)
            let broadcast = MACAddress(rawValue: 0xFFFF_FFFF_FFFF)
            let group = MACAddress(rawValue: 0x3333_0000_0001)
            let stranger = MACAddress(rawValue: 0x0100_5E7F_0001)
            let many = (0..<9).map { MACAddress(rawValue: 0x02_0000_0001_00 + UInt64($0)) }
            let cases: [(DestinationFilter, [MACAddress], [MACAddress])] = [
                (.all, [Self.mac, other, broadcast, group, stranger], []),
                (
                    DestinationFilter(addresses: [Self.mac, broadcast], takesAllMulticast: false),
                    [Self.mac, broadcast], [other, stranger]
                ),
                (
                    DestinationFilter(addresses: [Self.mac, group], takesAllMulticast: false), [Self.mac, group],
                    [other, broadcast, stranger]
                ),
                (
                    DestinationFilter(addresses: [Self.mac], takesAllMulticast: true),
                    [Self.mac, group, stranger, broadcast], [other]
                ),
                (
                    DestinationFilter(addresses: [MACAddress(rawValue: 0)], takesAllMulticast: false), [],
                    [Self.mac, other, broadcast, group]
                ),
                // More stations than the kernel compares: everything comes.
                (DestinationFilter(addresses: many, takesAllMulticast: false), many + [other, group], []),
            ]
            for (filter, wanted, unwanted) in cases {
                try tap.setFilter(filter)
                _ = try Self.take(tap)
                for (address, count) in wanted.map({ ($0, 1) }) + unwanted.map({ ($0, 0) }) {
                    try Self.emit("filter0", to: address)
                    let taken = try Self.take(tap)
                    #expect(taken == count, "\(address) with \(filter)")
                }
            }
        }
    }

    @Test("a pulled cable is seen by the host, whose frames are lost")
    func carrier() throws {
        try inNamespace(["cable0"], several: false) {
            let tap = try Tap.open("cable0")
            func isRunning() -> Bool {
                var flags: Int32 = 0
                return "cable0".withCString { clinux_interface_flags($0, &flags) } == 0
                    && flags & Int32(IFF_RUNNING) != 0
            }
            // The kernel's own worker passes the news on.
            func becomes(_ wanted: Bool) -> Bool {
                for _ in 0..<3000 where isRunning() != wanted { usleep(10_000) }
                return isRunning() == wanted
            }
            #expect(becomes(true))
            tap.setCarrier(false)
            #expect(becomes(false))
            tap.setCarrier(true)
            #expect(becomes(true))
        }
    }
}
