// SPDX-License-Identifier: Apache-2.0

import GuestMemory
import Linux

@testable import Boot

/// One attempt to boot bytes in a guest of some size, and what it left behind.
enum BootFixture {
    /// A machine of `cpus` CPUs with this much RAM.
    static func platform(mebibytes: UInt64, cpus: Int = 1) -> PlatformDescription {
        PlatformDescription(
            cpus: (0..<cpus).map { PlatformDescription.CPU(apicID: UInt32($0)) },
            memory: RAMLayout(bytes: mebibytes << 20), physicalBits: 46)
    }

    /// An anonymous file with this content.
    static func file(_ bytes: [UInt8]) throws -> FileDescriptor {
        let file = try FileDescriptor.memory(named: "boot")
        try file.writeAll(bytes)
        return file
    }

    /// Boots `kernel` and hands the entry state and the memory to `check`.
    static func boot(
        _ kernel: [UInt8], initrd: [UInt8]? = nil, commandLine: String = "console=ttyS0", mebibytes: UInt64 = 64,
        cpus: Int = 1, check: (BootEntry, GuestMemory) throws -> Void = { _, _ in }
    ) throws {
        let platform = platform(mebibytes: mebibytes, cpus: cpus)
        let ram = try GuestRAM(layout: platform.memory)
        let entry = try load(try file(kernel), initrd, commandLine, platform, ram.memory)
        try check(entry, ram.memory)
        withExtendedLifetime(ram.layout) {}
    }

    /// Loads from a descriptor.
    static func load(
        _ kernel: borrowing FileDescriptor, _ initrd: [UInt8]?, _ commandLine: String, _ platform: PlatformDescription,
        _ memory: GuestMemory
    ) throws -> BootEntry {
        let identity = SMBIOSIdentity(topology: try topology(platform.cpus.count))
        if let initrd {
            let file: FileDescriptor? = try file(initrd)
            return try BootLoader.load(
                kernel: kernel, initrd: file, commandLine: commandLine, platform: platform, identity: identity,
                into: memory)
        }
        return try BootLoader.load(
            kernel: kernel, initrd: nil, commandLine: commandLine, platform: platform, identity: identity, into: memory)
    }

    struct NoTopology: Error {}

    /// `cores` cores in one socket.
    static func topology(_ cores: Int) throws -> CPUTopology {
        guard let topology = CPUTopology(sockets: 1, cores: cores, threads: 1) else { throw NoTopology() }
        return topology
    }
}
