// SPDX-License-Identifier: Apache-2.0

import Testing
import VMISpec

@testable import PodNetwork

@Suite("The DHCPv6 server of one address")
struct DHCPv6Tests {
    typealias Kind = DHCPv6Message.Kind
    static let client: [UInt8] = [0, 3, 0, 1, 2, 1, 2, 3, 4, 5]
    static let server: [UInt8] = [0, 3, 0, 1, 2, 0, 0, 0, 0, 0]
    static let own: [UInt8] = [0xFD, 0x10, 0, 0, 0, 2] + [UInt8](repeating: 0, count: 9) + [2]

    static func guest() throws -> GuestConfiguration {
        GuestConfiguration(
            ipv6: GuestConfiguration.IPv6(
                address: try #require(IPPrefix("fd10:0:2::2/120")),
                router: try #require(IPv6Address(linkLocalOf: Attachment.masqueradeBridge))),
            mtu: 1450, hostname: "vm",
            resolver: ResolverConfiguration(parsing: "nameserver fd00::a\nnameserver 10.1.1.1\nsearch a.b\n"),
            routerHardware: Attachment.masqueradeBridge)
    }

    static func association(_ name: UInt8 = 7, addresses: [[UInt8]] = []) -> DHCPv6Message.Option {
        let inner = addresses.map { DHCPv6Message.Option(code: 5, value: $0 + [UInt8](repeating: 0, count: 8)) }
        return .init(
            code: 3, value: [0, 0, 0, name] + [UInt8](repeating: 0, count: 8) + DHCPv6Message.encode(inner))
    }

    /// Asks, with a client's identifier, the server's where it is `true`, and these options.
    static func ask(
        _ kind: Kind, named: Bool = false, by identifier: [UInt8]? = client, _ options: [DHCPv6Message.Option]
    ) throws -> DHCPv6Message? {
        let server = try #require(DHCPv6Server(try guest()))
        var message = DHCPv6Message(kind, transaction: [1, 2, 3])
        if let identifier { message.options.append(.init(code: 1, value: identifier)) }
        if named { message.options.append(.init(code: 2, value: Self.server)) }
        message.options += options
        return try server.answer(message.encoded).map { try #require(DHCPv6Message($0)) }
    }

    @Test(
        "leases its address, at once where the client commits rapidly",
        arguments: [
            (Kind.solicit, false, false, Kind.advertise), (.solicit, false, true, .reply),
            (.request, true, false, .reply),
            (.renew, true, false, .reply), (.rebind, false, false, .reply),
        ])
    func lease(_ kind: Kind, _ named: Bool, _ rapid: Bool, _ answer: Kind) throws {
        var options = [Self.association()]
        if rapid { options.append(.init(code: 14, value: [])) }
        let reply = try #require(try Self.ask(kind, named: named, options))
        #expect(reply.kind == answer)
        #expect(reply.transaction == [1, 2, 3])
        #expect(reply[1] == Self.client)
        #expect(reply[2] == Self.server)
        #expect((reply[14] != nil) == rapid)
        let association = try #require(reply[3])
        #expect(Array(association[..<4]) == [0, 0, 0, 7])
        let inner = try #require(DHCPv6Message.options(association[12...]))
        #expect(inner.map(\.code) == [5])
        #expect(Array(inner[0].value[..<16]) == Self.own)
        #expect(reply[23] == [0xFD, 0] + [UInt8](repeating: 0, count: 13) + [0x0A])
        #expect(reply[24] == [1, 97, 1, 98, 0])
    }

    @Test("gives a second association, temporary addresses and prefixes a regret, and takes old addresses back")
    func others() throws {
        let old: [UInt8] = [0xFD] + [UInt8](repeating: 0, count: 14) + [9]
        let reply = try #require(
            try Self.ask(
                .request, named: true,
                [
                    Self.association(1, addresses: [old, Self.own]), Self.association(2),
                    .init(code: 4, value: [0, 0, 0, 3]),
                    .init(code: 25, value: [0, 0, 0, 4] + [UInt8](repeating: 0, count: 8)),
                ]))
        let associations = reply.options.filter { [3, 4, 25].contains($0.code) }
        #expect(associations.map { $0.value[3] } == [1, 2, 3, 4])
        let first = try #require(DHCPv6Message.options(associations[0].value[12...]))
        #expect(first.map { Array($0.value[..<16]) } == [Self.own, old])
        #expect(Array(first[1].value[16...]) == [UInt8](repeating: 0, count: 8))
        #expect(Array(associations[1].value.suffix(6)) == [0, 13, 0, 2, 0, 2])
        #expect(Array(associations[2].value.suffix(6)) == [0, 13, 0, 2, 0, 2])
        #expect(Array(associations[3].value.suffix(6)) == [0, 13, 0, 2, 0, 6])
    }

    @Test("confirms its own address only, and acknowledges a release")
    func confirm() throws {
        let other: [UInt8] = [0xFD] + [UInt8](repeating: 0, count: 15)
        #expect(try Self.ask(.confirm, [Self.association(addresses: [Self.own])])?[13] == [0, 0])
        #expect(try Self.ask(.confirm, [Self.association(addresses: [other])])?[13] == [0, 4])
        #expect(try Self.ask(.confirm, [Self.association()]) == nil)
        #expect(try Self.ask(.release, named: true, [Self.association(addresses: [Self.own])])?[13] == [0, 0])
        #expect(try Self.ask(.informationRequest, by: nil, [])?[24] == [1, 97, 1, 98, 0])
    }

    @Test(
        "says nothing to a message without what its type asks for",
        arguments: [
            (Kind.solicit, true, true), (.solicit, false, false), (.request, false, true), (.renew, false, true),
            (.rebind, true, true), (.release, false, true), (.decline, false, true), (.advertise, false, true),
            (.reply, true, true), (.confirm, true, true),
        ])
    func invalid(_ kind: Kind, _ named: Bool, _ identified: Bool) throws {
        #expect(try Self.ask(kind, named: named, by: identified ? Self.client : nil, [Self.association()]) == nil)
    }

    @Test("says nothing to what is malformed, however it is cut or garbled")
    func hostile() throws {
        let server = try #require(DHCPv6Server(try Self.guest()))
        let whole = DHCPv6Message(
            .solicit, transaction: [1, 2, 3],
            options: [.init(code: 1, value: Self.client), Self.association(addresses: [Self.own, Self.own])]
        ).encoded
        for count in 0..<18 { #expect(server.answer(Array(whole[..<count])) == nil) }
        var random = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(in: 0...255, using: &random)
            }
            bytes.removeLast(Int.random(in: 0...bytes.count, using: &random))
            if let reply = server.answer(bytes) { #expect(reply.count <= 1232) }
        }
        #expect(server.answer([12, 0] + [UInt8](repeating: 0, count: 60)) == nil)
    }
}
