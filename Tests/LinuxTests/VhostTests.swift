// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

@Suite("Vhost devices")
struct VhostTests {
    @Test("a descriptor of something else is refused")
    func refused() throws {
        let file = try FileDescriptor.open("/dev/null", O_RDWR)
        do throws(Errno) {
            _ = try Vhost(owning: file)
            Issue.record("/dev/null was taken for a vhost device")
        } catch {
            #expect(error.code == ENOTTY)
        }
    }

    @Test(
        "a vhost device takes memory, rings and features, and tells a ring's base",
        .enabled(if: access("/dev/vhost-net", R_OK | W_OK) == 0))
    func rings() throws {
        let vhost = try Vhost(owning: try FileDescriptor.open("/dev/vhost-net", O_RDWR))
        let features = try vhost.features()
        #expect(features & 1 << 32 != 0)
        try vhost.setFeatures(features & (1 << 32))
        let memory = try Mapping(
            count: 1 << 16, protection: PROT_READ | PROT_WRITE, flags: MAP_PRIVATE | MAP_ANONYMOUS)
        let base = UInt(bitPattern: memory.base)
        try vhost.setMemory([Vhost.Region(guestAddress: 0, bytes: 1 << 16, hostAddress: base)])
        try vhost.setSize(ofRing: 0, 64)
        try vhost.setBase(ofRing: 0, 17)
        try vhost.setAddresses(
            ofRing: 0, Vhost.Ring(descriptors: base, available: base + 0x1000, used: base + 0x2000))
        let kick = try EventFD()
        try vhost.setKick(ofRing: 0, kick.raw)
        try vhost.setCall(ofRing: 0, nil)
        #expect(try vhost.base(ofRing: 0) == 17)
        #expect(throws: Errno(code: E2BIG, call: "")) {
            try vhost.setMemory(
                Array(repeating: Vhost.Region(guestAddress: 0, bytes: 4096, hostAddress: base), count: 9))
        }
    }
}
