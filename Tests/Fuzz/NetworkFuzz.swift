// SPDX-License-Identifier: Apache-2.0

import VMISpec

@testable import PodNetwork

/// One guest of both families with everything it can be told.
private let guest: GuestConfiguration = {
    guard let address4 = IPPrefix("10.0.2.2/24"), let router4 = IPv4Address("10.0.2.1"),
        let address6 = IPPrefix("fd10:0:2::2/120"), let router6 = IPv6Address("fe80::ff:fe00:0"),
        let network = IPPrefix("10.96.0.0/12")
    else { fatalError("an address does not parse") }
    let resolver = "nameserver 10.96.0.10\nnameserver fd00::a\nsearch a.svc.cluster.local cluster.local\n"
    return GuestConfiguration(
        ipv4: GuestConfiguration.IPv4(
            address: address4, router: router4, server: router4,
            routes: [PodRoute(destination: network, gateway: router4)]),
        ipv6: GuestConfiguration.IPv6(address: address6, router: router6), mtu: 1450, hostname: "vm",
        resolver: ResolverConfiguration(parsing: resolver), routerHardware: [2, 0, 0, 0, 0, 0])
}()

private let servers: (DHCPv4Server, DHCPv6Server, RouterAdvertisement) = {
    guard let ipv4 = DHCPv4Server(guest), let ipv6 = DHCPv6Server(guest),
        let router = RouterAdvertisement(guest, sender: [2, 9, 9, 9, 9, 9])
    else { fatalError("the guest is told nothing") }
    return (ipv4, ipv6, router)
}()

/// What a guest sends to the pod's services, by the first byte: each answers with something a network carries, or with
/// nothing; and the files of the pod that are read, from whoever wrote them.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzNetwork(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    var input = FuzzInput(start, count)
    let choice = input.byte() % 5
    let bytes = input.rest
    switch choice {
    case 0:
        guard let reply = servers.0.answer(bytes) else { return 0 }
        must((300...1472).contains(reply.bytes.count), "a DHCP reply that no datagram holds")
        must(reply.bytes[0] == 2 && Array(reply.bytes[4..<8]) == Array(bytes[4..<8]), "a reply to somebody else")
    case 1:
        guard let reply = servers.1.answer(bytes) else { return 0 }
        must(DHCPv6Message(reply) != nil, "a DHCPv6 reply that does not parse")
        must(Array(reply[1..<4]) == Array(bytes[1..<4]), "a reply to somebody else")
    case 2:
        guard let frame = servers.2.answer(bytes) else { return 0 }
        must(frame == servers.2.unasked, "an advertisement of its own")
    case 3:
        let resolver = ResolverConfiguration(parsing: String(decoding: bytes, as: UTF8.self))
        must(!resolver.ipv4.isEmpty || !resolver.ipv6.isEmpty, "no name server")
        _ = resolver.adding(subdomain: "sub").encodedDomains
    default:
        guard let value = try? JSONValue(parsing: bytes) else { return 0 }
        _ = BridgeCache(value)
        if let entry = NetworkJournal.Entry(value) {
            must(NetworkJournal.Entry(entry.json) == entry, "a journal that reads differently once written")
        }
    }
    return 0
}

/// Writes a discovery, a solicitation of each kind, a resolv.conf, a cache and a journal.
@_cdecl("LLVMFuzzerInitialize")
public func seedNetwork(_ count: UnsafeMutableRawPointer, _ words: UnsafeMutableRawPointer) -> CInt {
    var discover: [UInt8] = [0, 1, 1, 6, 0, 1, 2, 3, 4] + [UInt8](repeating: 0, count: 20) + [2, 1, 2, 3, 4, 5]
    discover += [UInt8](repeating: 0, count: 10 + 192) + DHCPv4Request.cookie
    discover += [53, 1, 1, 55, 4, 1, 3, 6, 119, 57, 2, 5, 220, 61, 3, 1, 9, 9, 52, 1, 3, 255]
    let association = DHCPv6Message.Option(code: 3, value: [0, 0, 0, 7] + [UInt8](repeating: 0, count: 8))
    let solicit = DHCPv6Message(
        .solicit, transaction: [1, 2, 3],
        options: [.init(code: 1, value: [0, 3, 0, 1, 2, 1, 2, 3, 4, 5]), .init(code: 14, value: []), association])
    var frame: [UInt8] = [2, 0x33, 0x33, 0, 0, 0, 2, 2, 1, 2, 3, 4, 5, 0x86, 0xDD, 0x60, 0, 0, 0, 0, 8, 58, 255]
    frame += [UInt8](repeating: 0, count: 15) + [1, 0xFF, 2] + [UInt8](repeating: 0, count: 13) + [2]
    frame += [133, 0, 0x7B, 0xB8, 0, 0, 0, 0]
    let texts = [
        "nameserver 1.2.3.4\nnameserver fd00::1\nsearch A.svc.b c.d.\n",
        #"{"IP": {"IP": "10.1.2.3", "Mask": "////AA=="}, "MAC": "ClgK9AcF", "Routes": [{"Dst": null, "Gw": "10.1.2.1"}]}"#,
        #"{"podInterface": "eth0", "isPrimary": true, "isMasquerade": false, "index": 2, "hardwareAddress": "0a580a", "#
            + #""wasUp": true, "forwardsIPv4": false, "addressGeneration": 0, "addresses": ["00"], "routes": [], "#
            + #""settings": {"/proc/a": "0"}}"#,
    ]
    let files: [[UInt8]] =
        [discover, [1] + solicit.encoded, frame] + zip([3, 4, 4], texts).map { [$0] + Array($1.utf8) }
    for (index, seed) in files.enumerated() { FuzzSeeds.write("\(index)", seed) }
    return 0
}
