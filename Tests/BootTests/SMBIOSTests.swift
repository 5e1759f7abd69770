// SPDX-License-Identifier: Apache-2.0

import GuestMemory
import Testing

@testable import Boot

@Suite("SMBIOS")
struct SMBIOSTests {
    /// Takes a structure table apart as a guest does.
    struct Parsed {
        var type: UInt8
        var formatted: [UInt8]
        var strings: [String]

        func string(at offset: Int) -> String? {
            let number = Int(formatted[offset])
            return number == 0 || number > strings.count ? nil : strings[number - 1]
        }
    }

    static func parse(_ bytes: [UInt8]) -> [Parsed] {
        var all: [Parsed] = []
        var at = 0
        while at + 4 <= bytes.count {
            let length = Int(bytes[at + 1])
            var end = at + length
            while end + 1 < bytes.count, bytes[end] != 0 || bytes[end + 1] != 0 { end += 1 }
            let strings = bytes[at + length..<end].split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
            all.append(Parsed(type: bytes[at], formatted: Array(bytes[at..<at + length]), strings: strings))
            at = end + 2
        }
        return all
    }

    static func identity(sockets: Int = 1, cores: Int = 1, threads: Int = 1) throws -> SMBIOSIdentity {
        SMBIOSIdentity(topology: try #require(CPUTopology(sockets: sockets, cores: cores, threads: threads)))
    }

    @Test("a guest finds the system's identity with the UUID's first fields little-endian")
    func system() throws {
        var identity = try Self.identity()
        identity.uuid = UUIDBytes("00112233-4455-6677-8899-aabbccddeeff")
        identity.serial = "SN1"
        identity.sku = "S"
        let table = Self.parse(SMBIOS.structures(identity, memory: RAMLayout(bytes: 1 << 30)))
        let system = try #require(table.first { $0.type == 1 })
        #expect(system.string(at: 4) == "KubeVirt")
        #expect(system.string(at: 5) == "None")
        #expect(system.string(at: 6) == nil)
        #expect(system.string(at: 7) == "SN1")
        #expect(system.string(at: 26) == "KubeVirt")
        #expect(Array(system.formatted[8..<12]) == [0x33, 0x22, 0x11, 0x00])
        #expect(Array(system.formatted[16..<18]) == [0x88, 0x99])
        #expect(system.formatted.count == 27)
    }

    @Test("structures have the lengths of SMBIOS 3.0, one processor a socket, and end with type 127")
    func lengths() throws {
        let identity = try Self.identity(sockets: 3, cores: 2, threads: 2)
        let table = Self.parse(SMBIOS.structures(identity, memory: RAMLayout(bytes: 6 << 30)))
        let expected: [UInt8: Int] = [0: 26, 1: 27, 2: 15, 3: 22, 4: 48, 16: 23, 17: 40, 19: 31, 32: 11, 127: 4]
        for structure in table { #expect(structure.formatted.count == expected[structure.type], "\(structure.type)") }
        #expect(table.filter { $0.type == 4 }.count == 3)
        #expect(table.filter { $0.type == 19 }.count == 2)
        #expect(table.last?.type == 127)
        #expect(Set(table.map { $0.formatted[2..<4] }).count == table.count, "handles are unique")
        let processor = try #require(table.first { $0.type == 4 })
        #expect(processor.formatted[35] == 2 && processor.formatted[37] == 4)
    }

    @Test("the memory device shows the guest's size", arguments: [512, 4096, 65536] as [UInt64])
    func memory(mebibytes: UInt64) throws {
        let table = Self.parse(SMBIOS.structures(try Self.identity(), memory: RAMLayout(bytes: mebibytes << 20)))
        let device = try #require(table.first { $0.type == 17 })
        let short = try #require(device.formatted.load(UInt16.self, at: 12))
        let long = try #require(device.formatted.load(UInt32.self, at: 28))
        #expect(short == 0x7FFF ? UInt64(long) == mebibytes : UInt64(short) == mebibytes)
    }

    @Test("a scan of the BIOS area in steps of 16 finds an entry point that sums to zero and leads to the table")
    func scan() throws {
        try BootFixture.boot(SyntheticKernel.bzImage()) { _, memory in
            var found: UInt64?
            for address in stride(from: 0xF_0000 as UInt64, to: 0x10_0000, by: 16) {
                let entry = try memory.read(at: GuestAddress(address), count: 24)
                guard Array(entry.prefix(5)) == Array("_SM3_".utf8) else { continue }
                #expect(entry.reduce(0, &+) == 0)
                found = entry.load(UInt64.self, at: 16)
                let bytes = try memory.read(
                    at: GuestAddress(found ?? 0), count: Int(entry.load(UInt32.self, at: 12) ?? 0))
                #expect(Self.parse(bytes).first?.type == 0)
            }
            #expect(found != nil)
        }
    }

    @Test("a string longer than sense is cut and one with NUL bytes loses them")
    func strings() throws {
        var identity = try Self.identity()
        identity.serial = String(repeating: "x", count: 100_000)
        identity.family = "a\0b"
        let table = Self.parse(SMBIOS.structures(identity, memory: RAMLayout(bytes: 1 << 30)))
        let system = try #require(table.first { $0.type == 1 })
        #expect(system.string(at: 7)?.count == 1024)
        #expect(system.string(at: 26) == "ab")
    }

    @Test(
        "text that is no UUID is refused",
        arguments: ["", "123", "zz112233-4455-6677-8899-aabbccddeeff", "00112233445566778899aabbccddeeff0"])
    func notAUUID(_ text: String) {
        #expect(UUIDBytes(text) == nil)
    }
}
