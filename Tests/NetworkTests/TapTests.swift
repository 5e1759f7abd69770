// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Network
import TestSupport
import Testing

@Suite("Taps", .serialized)
struct TapTests {
    private static func failure(_ name: String) -> TapError? {
        do throws(TapError) {
            _ = try Tap.open(name)
            return nil
        } catch {
            return error
        }
    }

    private func inNamespace(_ taps: [String], _ body: @escaping @Sendable () throws -> Void) throws {
        if try !Namespace.run(taps: taps, body) {
            print("skipped: this host permits no network namespace or has no /dev/net/tun")
        }
    }

    @Test("an existing tap opens with virtio's header, its MTU and its offloads")
    func opens() throws {
        try inNamespace(["apus0"]) {
            let tap = try Tap.open("apus0")
            #expect(tap.name == "apus0")
            #expect(tap.mtu == 1500)
            #expect(tap.supportedOffloads.isSuperset(of: [.checksum, .tcp4, .tcp6]))
            try tap.setOffloads([.checksum, .tcp4])
            try tap.setOffloads(tap.supportedOffloads)
            try tap.setOffloads([])
        }
    }

    @Test("a name nobody has is an error and makes no interface")
    func missing() throws {
        try inNamespace([]) {
            #expect(Self.failure("apus1") == .missing("apus1"))
            #expect(!Namespace.has("apus1"))
        }
    }

    @Test("a tap has one user")
    func busy() throws {
        try inNamespace(["apus2"]) {
            let tap = try Tap.open("apus2")
            #expect(Self.failure("apus2") == .busy("apus2"))
            #expect(tap.name == "apus2")
        }
    }

    @Test("a tap can be opened again once its user is gone")
    func reopened() throws {
        try inNamespace(["apus3"]) {
            do { _ = try Tap.open("apus3") }
            #expect(Self.failure("apus3") == nil)
        }
    }

    @Test("an interface that is no tap is refused")
    func loopback() throws {
        try inNamespace([]) { #expect(Self.failure("lo") == .notATap("lo")) }
    }

    @Test(
        "names that no interface can have are refused before the kernel is asked",
        arguments: ["", "a/b", "sixteen-letters!", "tap 0", "tap%d", "..", "tap\n"])
    func badNames(name: String) { #expect(Self.failure(name) == .badName(name)) }

    @Test("a descriptor of something else is no tap")
    func otherDescriptors() throws {
        for path in ["/dev/null", "/dev/net/tun"] where access(path, R_OK | W_OK) == 0 {
            let file = try FileDescriptor.open(path, O_RDWR)
            let raw = file.raw
            do throws(TapError) {
                _ = try Tap(owning: file)
                Issue.record("\(path) was taken for a tap")
            } catch {
                #expect(error == .notATap("descriptor \(raw)"))
            }
        }
    }

    @Test("every error names the tap and a remedy")
    func texts() {
        let failed = TapError.failed("t0", Errno(code: EIO, call: "ioctl TUNSETIFF"))
        for error in [TapError.missing("t0"), .busy("t0"), .forbidden("t0"), .notATap("t0"), .wrongFlags("t0"), failed]
        {
            #expect(error.description.contains("t0"))
            #expect(error.description.contains(";"), "what to do follows what is wrong")
        }
    }

    @Test("frames of the host's stack arrive with their header, and an empty tap says so")
    func receives() throws {
        try inNamespace(["apus4"]) {
            let tap = try Tap.open("apus4")
            // The kernel announces a new interface by itself: IPv6 neighbour and listener messages.
            let bytes = UnsafeMutableRawPointer.allocate(byteCount: 2048, alignment: 16)
            let entry = UnsafeMutablePointer<iovec>.allocate(capacity: 1)
            defer {
                bytes.deallocate()
                entry.deallocate()
            }
            entry.pointee = iovec(iov_base: bytes, iov_len: 2048)
            let span = IOSpan(base: entry, count: 1)
            var wait = pollfd(fd: tap.raw, events: Int16(POLLIN), revents: 0)
            if poll(&wait, 1, 5000) == 1 {
                let count = try #require(try tap.receive(span))
                #expect(count >= FrameLimits.headerBytes + FrameLimits.ethernetBytes)
                while try tap.receive(span) != nil {}
            }
            // A frame the other way: broadcast, an EtherType for experiments.
            memset(bytes, 0, 72)
            memset(bytes + 12, 0xFF, 6)
            bytes.storeBytes(of: 0xB588, toByteOffset: 24, as: UInt16.self)
            entry.pointee.iov_len = 72
            #expect(try tap.send(IOSpan(base: entry, count: 1)) == 72)
            // A header that points outside its frame.
            bytes.storeBytes(of: 1, as: UInt8.self)
            bytes.storeBytes(of: 60_000, toByteOffset: 6, as: UInt16.self)
            #expect(throws: Errno(code: EINVAL, call: "writev")) { try tap.send(IOSpan(base: entry, count: 1)) }
        }
    }
}
