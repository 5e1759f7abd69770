// SPDX-License-Identifier: Apache-2.0

import Glibc
import GuestMemory
import Linux
import Testing

@testable import Boot

/// Kernels named in `APUS_TEST_KERNELS`, paths divided by colons.
private let kernels: [String] = (getenv("APUS_TEST_KERNELS").map { String(cString: $0) } ?? "")
    .split(separator: ":").map(String.init)

@Suite("Stock kernels", .enabled(if: !kernels.isEmpty, "APUS_TEST_KERNELS names no kernel"))
struct RealKernelTests {
    @Test("a stock kernel is loaded whole and is refused when its end is missing", arguments: kernels)
    func load(path: String) throws {
        let platform = BootFixture.platform(mebibytes: 256)
        let ram = try GuestRAM(layout: platform.memory)
        let file = try FileDescriptor.open(path, O_RDONLY)
        let entry = try BootFixture.load(file, nil, "quiet", platform, ram.memory)
        let magic = try file.bootBytes(.kernel, at: 0, count: 4)
        #expect(entry.entryProtocol == (magic == [0x7F] + Array("ELF".utf8) ? .pvh : .linux64))
        let head = try ram.memory.read(at: GuestAddress(entry.rip), count: 16)
        #expect(head.contains { $0 != 0 })

        let bytes = try file.status().bytes
        let part = try FileDescriptor.memory(named: "part")
        var offset: UInt64 = 0
        while offset < bytes / 2 {
            let count = Int(min(1 << 20, bytes / 2 - offset))
            try part.writeAll(try file.bootBytes(.kernel, at: offset, count: count))
            offset += UInt64(count)
        }
        #expect(throws: BootError.self) { try BootFixture.load(part, nil, "quiet", platform, ram.memory) }
    }
}
