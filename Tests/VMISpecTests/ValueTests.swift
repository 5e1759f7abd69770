// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import VMISpec

@Suite("A value type")
struct ValueTests {
    /// FIPS 180-4 examples, and lengths around the padding's borders.
    @Test(
        "SHA-1 gives the standard's digests",
        arguments: [
            ("", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
            ("abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "84983e441c3bd26ebaae4aa1f95129e5e54670f1"
            ),
            (String(repeating: "a", count: 55), "c1c8bbdc22796e28c0e15163d20899b65621d65a"),
            (String(repeating: "a", count: 56), "c2db330f6083854c99d4b5bfb6e8f29f201be699"),
            (String(repeating: "a", count: 63), "03f09f5b158a7a8cdad920bddc29b81c18a551f5"),
            (String(repeating: "a", count: 64), "0098ba824b5c16427bd7a1122a5a442a25ec644d"),
            (String(repeating: "a", count: 65), "11655326c708d70319be2610e8a57d9a5b959d3b"),
        ])
    func sha1(_ text: String, _ digest: String) {
        #expect(SHA1.digest(of: Array(text.utf8)).map(hexadecimal).joined() == digest)
    }

    @Test(
        "a UUID without one given is version 5 of the name in KubeVirt's namespace",
        arguments: [
            ("debian", "9e4ad6c8-da54-56a5-835d-6980f50f2a00"), ("testvmi", "f8918e71-270a-598e-a2a4-1afac39e1394"),
            ("a", "8d9794ca-8c84-5204-b98a-721424eaae6f"),
        ])
    func uuid(_ name: String, _ uuid: String) {
        #expect(InstanceUUID(name: name).description == uuid)
    }

    @Test("a UUID is read in either case and written in lower case")
    func uuidText() throws {
        let uuid = try #require(InstanceUUID("5D307CA9-b3ef-428c-8861-06E72D69f223"))
        #expect(uuid.description == "5d307ca9-b3ef-428c-8861-06e72d69f223")
        #expect(uuid.bytes.count == 16 && uuid.bytes.first == 0x5D)
    }

    @Test(
        "what is no UUID is not read",
        arguments: [
            "", "5d307ca9b3ef428c886106e72d69f223", "{5d307ca9-b3ef-428c-8861-06e72d69f223}",
            "5d307ca9-b3ef-428c-8861-06e72d69f22", "5d307ca9-b3ef-428c-8861-06e72d69f2233",
            "5d307ca9-b3ef-428c-8861-06e72d69f22g", "5d307ca9-b3ef-428c-886106-e72d69f223",
            "-5d307ca-b3ef-428c-8861-06e72d69f223", "5d307ca9-b3ef-428c-8861-06e72d69f2é",
        ])
    func noUUID(_ text: String) {
        #expect(InstanceUUID(text) == nil)
    }

    @Test(
        "an Ethernet address is read in each of its spellings",
        arguments: ["02:00:5e:10:00:aF", "02-00-5E-10-00-af", "0200.5e10.00af"])
    func address(_ text: String) throws {
        let address = try #require(HardwareAddress(text))
        #expect(address.description == "02:00:5e:10:00:af")
        #expect(!address.isGroup)
    }

    @Test(
        "what is no Ethernet address is not read",
        arguments: [
            "", "02:00:5e:10:00", "02:00:5e:10:00:af:01", "02:00:5e:10:00-af", "02:00:5e:10:00:ag", "0200:5e10:00af",
            "02.00.5e.10.00.af", "02:00:5e:10:00:a", "020:05e:10:00:af", "02:00:5e:10:00: a", "02:00:5e:10:00é:",
            "02005e1000af", "a0b1cad1e2aaf",
        ])
    func noAddress(_ text: String) {
        #expect(HardwareAddress(text) == nil)
    }

    @Test(
        "base64 is decoded",
        arguments: [
            ("", ""), ("Zg==", "f"), ("Zm8=", "fo"), ("Zm9v", "foo"), ("Zm9vYg==", "foob"), ("Zm9vYmE=", "fooba"),
            ("Zm9vYmFy", "foobar"), ("Zm9v\nYmFy\r\n", "foobar"),
        ])
    func base64(_ text: String, _ decoded: String) {
        #expect(Base64.decode(text) == Array(decoded.utf8))
    }

    @Test(
        "what is no base64 is not decoded",
        arguments: [
            "Z", "Zg", "Zg=", "Zm9", "=", "==", "====", "Zg===", "Z===", "Zg==Zg==", "Zm9v=", "Zm9v ", "Zm-_", "Zg=a",
            "é",
        ])
    func noBase64(_ text: String) {
        #expect(Base64.decode(text) == nil)
    }

    @Test("names follow Kubernetes' rules")
    func names() {
        for label in ["a", "0", "a-b", "a--b", String(repeating: "a", count: 63)] {
            #expect(DNSName.isLabel(label))
        }
        for label in ["", "-", "-a", "a-", "A", "a.b", "a_b", "é", "a ", String(repeating: "a", count: 64)] {
            #expect(!DNSName.isLabel(label))
        }
        for name in ["a", "a.b", "a-1.b-2", String(repeating: "a", count: 253)] {
            #expect(DNSName.isSubdomain(name))
        }
        for name in ["", ".", "a.", ".a", "a..b", "A.b", "a.-b", String(repeating: "a", count: 254)] {
            #expect(!DNSName.isSubdomain(name))
        }
    }

    @Test(
        "a word with a slip finds the word that was meant",
        arguments: [
            ("coers", "cores"), ("Cores", "cores"), ("core", "cores"), ("soket", "sockets"), ("thread", "threads"),
        ])
    func suggestion(_ word: String, _ meant: String) {
        #expect(Suggestion.nearest(to: word, among: ["cores", "sockets", "threads", "model"]) == meant)
    }

    @Test("a word that is like no other gets no suggestion")
    func noSuggestion() {
        #expect(Suggestion.nearest(to: "banana", among: ["cores", "sockets"]) == nil)
        #expect(Suggestion.nearest(to: String(repeating: "a", count: 65), among: ["a"]) == nil)
        #expect(Suggestion.nearest(to: "", among: ["cores"]) == nil)
    }
}
