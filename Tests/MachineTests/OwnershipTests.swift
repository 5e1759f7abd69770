// SPDX-License-Identifier: Apache-2.0

import Control
import Glibc
import KVM
import Linux
import Sandbox
import Testing

@testable import Machine

/// Descriptors of this process that belong to a virtual machine or one of its vCPUs: only these tests make such.
private func machineDescriptors() -> Int {
    entries("fd").count { name in
        var target = [CChar](repeating: 0, count: 256)
        let length = readlink("/proc/self/fd/\(name)", &target, target.count - 1)
        return length > 0
            && String(decoding: target[..<length].map(UInt8.init(bitPattern:)), as: UTF8.self).contains("kvm-v")
    }
}

/// Threads of this process that are a machine's: vCPUs, disks and entropy sources bear these names.
private func machineThreads() -> Int {
    entries("task").count { id in
        guard let file = try? FileDescriptor.open("/proc/self/task/\(id)/comm", O_RDONLY) else { return false }
        var bytes = [UInt8](repeating: 0, count: 32)
        let length = bytes.withUnsafeMutableBytes { buffer in (try? file.read(into: buffer, at: 0)) ?? 0 }
        return String(decoding: bytes[..<length], as: UTF8.self).hasPrefix("CPU ")
    }
}

private func entries(_ folder: String) -> [String] {
    guard let open = opendir("/proc/self/\(folder)") else { return [] }
    defer { closedir(open) }
    var names: [String] = []
    while let entry = readdir(open) {
        names.append(
            withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            })
    }
    return names.filter { !$0.hasPrefix(".") }
}

extension OnKVM {
    @Suite(
        "What a machine leaves behind", .serialized,
        .enabled(if: (try? System.open().createVM()) != nil, "this machine has no usable /dev/kvm"))
    struct OwnershipTests {
        /// A machine of two vCPUs with a disk and an entropy source; `hasKernel` false lets it fail when those exist.
        private func build(hasKernel: Bool) throws -> Machine {
            try OSThread.prepareKicks()
            var bundle = DescriptorBundle()
            let disk = try #require(bundle.add(try FileDescriptor.memory(named: "disk", bytes: 1 << 20)))
            let kernel =
                hasKernel
                ? try #require(bundle.add(try FileDescriptor.memory(named: "kernel", bytes: 4096)))
                : DescriptorSlot(rawValue: 7)
            var configuration = MachineConfiguration(
                name: "test", uuid: try #require(MachineUUID(bytes: Array(1...16))),
                cpu: CPUConfiguration(topology: CPUTopology(cores: 2)), memory: MemoryConfiguration(bytes: 32 << 20),
                boot: BootConfiguration(kernel: kernel, commandLine: ""))
            configuration.disks = [DiskConfiguration(name: "disk", file: disk)]
            configuration.rng = .getrandom
            return try Machine(
                configuration, descriptors: bundle, system: try System.open(), cage: Cage(isClosed: false))
        }

        @Test("a machine that cannot be built leaves no open file and no thread")
        func failed() throws {
            #expect(throws: MachineError.self) { _ = try build(hasKernel: false) }
            for _ in 0..<20 { #expect(throws: MachineError.self) { _ = try build(hasKernel: false) } }
            #expect(machineDescriptors() == 0)
            #expect(machineThreads() == 0)
        }

        @Test("a machine that ended and was let go of leaves no open file and no thread")
        func ended() throws {
            try build(hasKernel: true).end()
            for round in 0..<20 {
                let machine = try build(hasKernel: true)
                if round % 2 == 0 { machine.end() }
            }
            #expect(machineDescriptors() == 0)
            #expect(machineThreads() == 0)
        }
    }
}
