// SPDX-License-Identifier: Apache-2.0

import Control
import Glibc
import KVM
import Linux
import Sandbox
import Testing

@testable import Machine

/// What this process has under /proc/self, by folder: open files or threads.
private func count(_ folder: String) -> Int {
    guard let open = opendir("/proc/self/\(folder)") else { return -1 }
    defer { closedir(open) }
    var count = 0
    while readdir(open) != nil { count += 1 }
    return count
}

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
        let before = count("fd")
        for _ in 0..<20 { #expect(throws: MachineError.self) { _ = try build(hasKernel: false) } }
        // The test runner opens a file and starts a thread now and then; ten machines' worth it does not.
        #expect(count("fd") < before + 20)
        #expect(count("task") < 40)
    }

    @Test("a machine that ended and was let go of leaves no open file and no thread")
    func ended() throws {
        try build(hasKernel: true).end()
        let before = count("fd")
        for round in 0..<20 {
            let machine = try build(hasKernel: true)
            if round % 2 == 0 { machine.end() }
        }
        #expect(count("fd") < before + 20)
        #expect(count("task") < 40)
    }
}
