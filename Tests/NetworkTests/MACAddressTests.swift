// SPDX-License-Identifier: Apache-2.0

import Network
import Testing

@Suite("MAC addresses")
struct MACAddressTests {
    @Test(
        "both spellings are read",
        arguments: [
            ("02:00:00:00:00:01", "02:00:00:00:00:01"), ("DE-AD-BE-EF-00-2A", "de:ad:be:ef:00:2a"),
            ("00:00:00:00:00:00", "00:00:00:00:00:00"), ("ff:ff:ff:ff:ff:ff", "ff:ff:ff:ff:ff:ff"),
        ])
    func reads(text: String, canonical: String) {
        #expect(MACAddress(text)?.description == canonical)
    }

    @Test(
        "anything else is not an address",
        arguments: [
            "", "02:00:00:00:00", "02:00:00:00:00:01:02", "2:0:0:0:0:1", "02:00:00:00:00:0g", "020000000001",
            "02:00-00:00:00:01", "02:00:00:00:00:01 ", " 02:00:00:00:00:01", "02:00:00:00:00:", "::::::::::::::::",
            "02:00:00:00:00:0é", "0200.0000.0001",
        ])
    func refuses(text: String) { #expect(MACAddress(text) == nil) }

    @Test("random addresses are local, single stations, and differ")
    func random() throws {
        let all = try (0..<64).map { _ in try MACAddress.random() }
        #expect(all.allSatisfy { $0.isLocallyAdministered && $0.isUsable })
        #expect(Set(all).count == 64)
    }

    @Test("a derived address is always the same one, and another text gives another")
    func derived() {
        let one = MACAddress(derivedFrom: "5d307ca9-b3ef-428c-8861-06e72d69f223/default")
        #expect(one == MACAddress(derivedFrom: "5d307ca9-b3ef-428c-8861-06e72d69f223/default"))
        #expect(one.isLocallyAdministered && one.isUsable)
        let all = Set((0..<10_000).map { MACAddress(derivedFrom: "uuid/net\($0)") })
        #expect(all.count == 10_000)
    }

    @Test(
        "what a card may be called",
        arguments: [
            ("00:00:00:00:00:00", false), ("01:00:5e:00:00:01", false), ("02:00:00:00:00:01", true),
            ("52:54:00:12:34:56", true),
        ])
    func usable(text: String, isUsable: Bool) { #expect(MACAddress(text)?.isUsable == isUsable) }
}
