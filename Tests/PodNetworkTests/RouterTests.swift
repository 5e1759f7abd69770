// SPDX-License-Identifier: Apache-2.0

import Testing
import VMISpec

@testable import PodNetwork

@Suite("Router advertisements")
struct RouterTests {
    /// A solicitation as Linux sends it, with its link-layer address and its checksum.
    static func solicitation() throws -> [UInt8] {
        let source = try #require(IPv6Address("fe80::1:2")).bytes
        let all = try #require(IPv6Address("ff02::2")).bytes
        var message: [UInt8] = [133, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 1, 2, 3, 4, 5]
        let sum = RouterAdvertisement.checksum(source, all, message)
        message[2] = UInt8(sum >> 8)
        message[3] = UInt8(sum & 255)
        return [0x33, 0x33, 0, 0, 0, 2, 2, 1, 2, 3, 4, 5, 0x86, 0xDD, 0x60, 0, 0, 0, 0, UInt8(message.count), 58, 255]
            + source + all + message
    }

    @Test("say who the router is, where the network lies and that addresses come by DHCPv6")
    func content() throws {
        let advertisement = try #require(RouterAdvertisement(try DHCPv6Tests.guest(), sender: [2, 9, 9, 9, 9, 9]))
        let frame = try #require(advertisement.answer(try Self.solicitation()))
        #expect(frame == advertisement.unasked)
        #expect(Array(frame[..<14]) == [0x33, 0x33, 0, 0, 0, 1, 2, 9, 9, 9, 9, 9, 0x86, 0xDD])
        #expect(IPv6Address(bytes: frame[22..<38])?.description == "fe80::ff:fe00:0")
        #expect(IPv6Address(bytes: frame[38..<54])?.description == "ff02::1")
        let message = Array(frame[54...])
        #expect(RouterAdvertisement.checksum(Array(frame[22..<38]), Array(frame[38..<54]), message) == 0)
        #expect(Array(message[..<2]) == [134, 0])
        #expect(Array(message[4..<8]) == [64, 0xC0, 7, 8])
        #expect(Array(message[16..<24]) == [1, 1, 2, 0, 0, 0, 0, 0])
        #expect(Array(message[24..<32]) == [5, 1, 0, 0, 0, 0, 5, 0xAA])
        #expect(Array(message[32..<36]) == [3, 4, 120, 0x80])
        #expect(IPv6Address(bytes: message[48..<64])?.description == "fd10:0:2::")
        #expect(Array(message[64..<66]) == [25, 3])
        #expect(message.count % 8 == 0)
    }

    @Test("answer no solicitation that is cut or garbled")
    func hostile() throws {
        let advertisement = try #require(RouterAdvertisement(try DHCPv6Tests.guest(), sender: [2, 9, 9, 9, 9, 9]))
        let whole = try Self.solicitation()
        for count in 0..<whole.count { #expect(advertisement.answer(Array(whole[..<count])) == nil) }
        // Every byte from the type on is under the checksum, as are the addresses.
        for place in 22..<whole.count {
            var bytes = whole
            bytes[place] ^= 0x10
            #expect(advertisement.answer(bytes) == nil, "byte \(place)")
        }
        var random = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            let bytes = (0..<Int.random(in: 0...128, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            #expect(advertisement.answer(bytes) == nil)
        }
    }
}
