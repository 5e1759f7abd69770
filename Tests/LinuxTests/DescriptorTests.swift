// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

@Suite("Descriptors")
struct DescriptorTests {
    @Test("a descriptor is closed when its owner goes out of scope")
    func closes() throws {
        let pair = try UnixSocket.pair()
        let first = pair.first
        drop(pair.second)
        // The other end is gone: end of file, at once.
        #expect(try read(first.descriptor, 1) == [])
    }

    private func drop(_ socket: consuming UnixSocket) {}

    @Test("a released descriptor stays open")
    func release() throws {
        let raw = try FileDescriptor.memory(named: "kept", bytes: 10).release()
        let again = FileDescriptor(owning: raw)
        let status = try again.status()
        #expect(status.kind == .regular)
        #expect(status.bytes == 10)
    }

    @Test("a duplicate is another descriptor of the same file, closed on exec")
    func duplicate() throws {
        let file = try FileDescriptor.memory(named: "one")
        let twin = try file.duplicate()
        #expect(twin.raw != file.raw)
        try twin.writeAll([1, 2, 3])
        #expect(try file.status().bytes == 3)
        #expect(fcntl(twin.raw, F_GETFD) == FD_CLOEXEC)
    }

    @Test("reading at an offset stops at the end of the file")
    func offsets() throws {
        let file = try FileDescriptor.memory(named: "data")
        try file.writeAll(Array(0..<100))
        var buffer = [UInt8](repeating: 0xEE, count: 64)
        let n = try unsafe buffer.withUnsafeMutableBytes { try unsafe file.read(into: $0, at: 90) }
        #expect(n == 10)
        #expect(buffer[..<10] == ArraySlice(Array(90..<100)))
        #expect(buffer[10] == 0xEE)
    }

    @Test(
        "a file is read whole up to the limit and refused beyond it",
        arguments: [(0, 0, true), (10, 10, true), (11, 10, false), (40_000, 40_000, true), (40_000, 39_999, false)])
    func readAll(size: Int, limit: Int, accepted: Bool) throws {
        let file = try FileDescriptor.memory(named: "data")
        let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0) }
        try file.writeAll(bytes)
        #expect(lseek(file.raw, 0, SEEK_SET) == 0)
        if accepted {
            #expect(try file.readAll(limit: limit) == bytes)
        } else {
            #expect(throws: Errno(code: EFBIG, call: "read")) { try file.readAll(limit: limit) }
        }
    }

    @Test("opening what is not there says so in the system's words")
    func missing() {
        let error = #expect(throws: Errno.self) {
            _ = try FileDescriptor.open("/nonexistent/file", O_RDONLY).raw
        }
        #expect(error?.code == ENOENT)
        #expect(error?.description == "open: No such file or directory")
    }

    @Test("a non-blocking read of nothing is EAGAIN")
    func nonblocking() throws {
        let pair = try UnixSocket.pair()
        try pair.first.descriptor.setNonblocking()
        #expect(throws: Errno(code: EAGAIN, call: "read")) { try read(pair.first.descriptor, 1) }
        try pair.first.descriptor.setNonblocking(false)
        #expect(fcntl(pair.first.descriptor.raw, F_GETFL) & O_NONBLOCK == 0)
    }

    @Test("a pipe is neither a file nor a disk")
    func kinds() throws {
        let pair = try UnixSocket.pair()
        let status = try pair.first.descriptor.status()
        #expect(status.kind == .other)
        #expect(status.bytes == 0)
    }

    @Test("a shared mapping shows what the file holds")
    func mapping() throws {
        let file = try FileDescriptor.memory(named: "map", bytes: 4096)
        let view = try Mapping(shared: file, count: 4096)
        unsafe view.bytes.storeBytes(of: 0x2A, toByteOffset: 100, as: UInt8.self)
        var byte = [UInt8](repeating: 0, count: 1)
        _ = try unsafe byte.withUnsafeMutableBytes { try unsafe file.read(into: $0, at: 100) }
        #expect(byte == [0x2A])
    }

    private func read(_ file: borrowing FileDescriptor, _ count: Int) throws(Errno) -> [UInt8] {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 1)
        defer { unsafe buffer.deallocate() }
        let n = try unsafe file.read(into: buffer)
        return unsafe Array(buffer[..<n])
    }
}
