// SPDX-License-Identifier: Apache-2.0

import Testing
import VMISpec

@testable import PodNetwork

@Suite("The DHCP server of one lease")
struct DHCPv4Tests {
    /// A request as a client sends it.
    static func request(
        _ kind: UInt8, client: [UInt8] = [0, 0, 0, 0], hardware: [UInt8] = [2, 1, 2, 3, 4, 5],
        options: [(UInt8, [UInt8])] = []
    ) -> [UInt8] {
        var bytes: [UInt8] = [1, 1, 6, 0, 0xAA, 0xBB, 0xCC, 0xDD, 0, 0, 0x80, 0] + client
        bytes += [UInt8](repeating: 0, count: 12) + hardware + [UInt8](repeating: 0, count: 10 + 192)
        bytes += DHCPv4Request.cookie + [53, 1, kind]
        for (code, value) in options { bytes += [code, UInt8(value.count)] + value }
        return bytes + [255]
    }

    /// A reply's options by code, those of one code joined.
    static func options(_ reply: [UInt8]) -> [UInt8: [UInt8]] {
        var options: [UInt8: [UInt8]] = [:]
        var rest = reply[240...]
        while let code = rest.first, code != 255, rest.count >= 2 {
            let length = Int(rest[rest.startIndex + 1])
            options[code, default: []] += rest.dropFirst(2).prefix(length)
            rest = rest.dropFirst(2 + length)
        }
        return options
    }

    static func guest(_ change: (inout GuestConfiguration) -> Void = { _ in }) throws -> GuestConfiguration {
        let router = try #require(IPv4Address("10.0.2.1"))
        var guest = GuestConfiguration(
            ipv4: GuestConfiguration.IPv4(
                address: try #require(IPPrefix("10.0.2.2/24")), router: router, server: router),
            mtu: 1450, hostname: "vm",
            resolver: ResolverConfiguration(parsing: "nameserver 10.96.0.10\nsearch a.svc.b c.d\n"),
            routerHardware: [2, 0, 0, 0, 0, 0])
        change(&guest)
        return guest
    }

    @Test("offers and acknowledges its address with all options, to all stations")
    func lease() throws {
        let server = try #require(DHCPv4Server(try Self.guest()))
        for (kind, answer): (UInt8, UInt8) in [(1, 2), (3, 5)] {
            let reply = try #require(server.answer(Self.request(kind, options: [(61, [1, 9, 9])])))
            #expect(reply.destination.description == "255.255.255.255")
            #expect(Array(reply.bytes[..<8]) == [2, 1, 6, 0, 0xAA, 0xBB, 0xCC, 0xDD])
            #expect(Array(reply.bytes[16..<20]) == [10, 0, 2, 2])
            #expect(Array(reply.bytes[28..<34]) == [2, 1, 2, 3, 4, 5])
            #expect(reply.bytes.count >= 300)
            let options = Self.options(reply.bytes)
            let lease: [UInt8] = [0x05, 0x25, 0x0A, 0x80]
            let expected: [UInt8: [UInt8]] = [
                53: [answer], 54: [10, 0, 2, 1], 51: lease, 1: [255, 255, 255, 0], 3: [10, 0, 2, 1],
                6: [10, 96, 0, 10], 26: [5, 0xAA], 12: Array("vm".utf8), 15: Array("a.svc.b".utf8), 61: [1, 9, 9],
                119: [1, 97, 3, 115, 118, 99, 1, 98, 0, 1, 99, 1, 100, 0],
            ]
            for (code, value) in expected { #expect(options[code] == value, "option \(code)") }
            #expect(options[58] == [0x02, 0x92, 0x85, 0x40])
            #expect(options[59]?.count == 4)
        }
    }

    @Test("refuses another address, leaves another server's client alone, and answers a bound client directly")
    func requests() throws {
        let server = try #require(DHCPv4Server(try Self.guest()))
        let refused = try #require(server.answer(Self.request(3, options: [(50, [10, 0, 2, 9])])))
        #expect(Self.options(refused.bytes)[53] == [6])
        #expect(Array(refused.bytes[16..<20]) == [0, 0, 0, 0])
        #expect(server.answer(Self.request(3, options: [(54, [10, 0, 2, 77]), (50, [10, 0, 2, 2])])) == nil)
        let renewed = try #require(server.answer(Self.request(3, client: [10, 0, 2, 2])))
        #expect(renewed.destination.description == "10.0.2.2")
        let moved = try #require(server.answer(Self.request(3, client: [10, 0, 2, 9])))
        #expect(Self.options(moved.bytes)[53] == [6])
        let informed = try #require(server.answer(Self.request(8, client: [10, 0, 2, 50])))
        #expect(Self.options(informed.bytes)[51] == nil)
        #expect(Array(informed.bytes[16..<20]) == [0, 0, 0, 0])
        for silent: UInt8 in [4, 7] { #expect(server.answer(Self.request(silent)) == nil) }
    }

    @Test("answers nobody but the guest where there may be others")
    func filter() throws {
        let server = try #require(DHCPv4Server(try Self.guest { $0.onlyClient = [2, 1, 2, 3, 4, 5] }))
        #expect(server.answer(Self.request(1)) != nil)
        #expect(server.answer(Self.request(1, hardware: [2, 1, 2, 3, 4, 6])) == nil)
        #expect(server.answer(Self.request(3, client: [10, 0, 2, 2]))?.destination.description == "255.255.255.255")
    }

    @Test("tells routes as RFC 3442 has them, the default route last")
    func routes() throws {
        let gateway = IPv4Address("10.244.7.1")
        let routes = try [
            ("0.0.0.0/0", gateway), ("169.254.1.1/32", nil), ("10.96.0.0/12", gateway), ("10.1.2.0/23", gateway),
        ]
        .map { PodRoute(destination: try #require(IPPrefix($0)), gateway: $1) }
        let server = try #require(DHCPv4Server(try Self.guest { $0.ipv4?.routes = routes }))
        let reply = try #require(server.answer(Self.request(1)))
        #expect(
            Self.options(reply.bytes)[121] == [
                32, 169, 254, 1, 1, 0, 0, 0, 0, 12, 10, 96, 10, 244, 7, 1, 23, 10, 1, 2, 10, 244, 7, 1, 0, 10, 244, 7,
                1,
            ])
    }

    @Test("adds what the manifest says")
    func additions() throws {
        let instance = try Manifest.onPod(
            "masquerade",
            #""dhcpOptions": {"bootFileName": "pxe.0", "tftpServerName": "boot", "ntpServers": ["10.0.0.9", "10.0.0.8"],"#
                + #""privateOptions": [{"option": 240, "value": "extra"}]}"#)
        let extra = instance.spec.domain.devices.interfaces[0].dhcpOptions
        let server = try #require(DHCPv4Server(try Self.guest { $0.options = extra }))
        let options = Self.options(try #require(server.answer(Self.request(1))).bytes)
        #expect(options[67] == Array("pxe.0".utf8))
        #expect(options[66] == Array("boot".utf8))
        #expect(options[42] == [10, 0, 0, 9, 10, 0, 0, 8])
        #expect(options[240] == Array("extra".utf8))
    }

    @Test(
        "splits a value of more than 255 bytes, and leaves out what a client has no room for", arguments: [576, 1500])
    func room(most: Int) throws {
        let domains = (0..<14).map { "namespace-number-\($0).svc.cluster.example" }.joined(separator: " ")
        let server = try #require(
            DHCPv4Server(try Self.guest { $0.resolver = ResolverConfiguration(parsing: "search \(domains)") }))
        let size: [UInt8] = [UInt8(most >> 8), UInt8(most & 255)]
        let reply = try #require(server.answer(Self.request(1, options: [(57, size), (55, [119, 3])])))
        #expect(reply.bytes.count + 28 <= most)
        let options = Self.options(reply.bytes)
        #expect(options[3] == [10, 0, 2, 1])
        if most == 1500 { #expect((options[119]?.count ?? 0) > 510) } else { #expect(options[119] == nil) }
    }

    @Test("says nothing to what is no request, however it is cut or garbled")
    func hostile() throws {
        let server = try #require(DHCPv4Server(try Self.guest()))
        let whole = Self.request(1, options: [(55, [1, 3, 6]), (52, [3])])
        for count in 0..<whole.count - 6 where count < 243 { #expect(server.answer(Array(whole[..<count])) == nil) }
        var random = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(in: 0...255, using: &random)
            }
            bytes.removeLast(Int.random(in: 0...bytes.count, using: &random))
            if let reply = server.answer(bytes) { #expect((300...1472).contains(reply.bytes.count)) }
        }
        #expect(server.answer([UInt8](repeating: 0xFF, count: 4096)) == nil)
    }
}
