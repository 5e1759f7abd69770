// SPDX-License-Identifier: Apache-2.0

import Control
import Glibc
import Testing

extension Integration {
    @Suite("The launcher refuses what makes no sense over its socket")
    struct Refusals {
        struct Case: CustomTestStringConvertible, Sendable {
            let field: String
            let change: @Sendable (inout MachineConfiguration) -> Void
            init(_ field: String, _ change: @escaping @Sendable (inout MachineConfiguration) -> Void) {
                self.field = field
                self.change = change
            }
            var testDescription: String { field }
        }

        static let cases = [
            Case("name") { $0.name = "" },
            Case("cpu.topology.cores") { $0.cpu.topology.cores = 0 },
            Case("cpu.topology") { $0.cpu.topology = CPUTopology(sockets: 1024, cores: 1024, threads: 2) },
            Case("cpu.pinning") { $0.cpu.pinning = [0, 1] },
            Case("cpu.emulatorCPUs") { $0.cpu.emulatorCPUs = [] },
            Case("memory.bytes") { $0.memory.bytes = 0 },
            Case("memory.bytes") { $0.memory.bytes = 4097 << 10 },
            Case("memory.bytes") { $0.memory.bytes = (16 << 20) + 1 },
            Case("memory.bytes") { $0.memory.bytes = .max },
            Case("memory.backing.pageBytes") { $0.memory.backing = .hugetlb(pageBytes: 4096) },
            Case("memory.nodes") { $0.memory.nodes = [NUMANode(bytes: 64 << 20, vcpus: [0])] },
            Case("boot.kernel") { $0.boot.kernel = DescriptorSlot(rawValue: 9) },
            Case("boot.initrd") { $0.boot.initrd = $0.boot.kernel },
            Case("boot.commandLine") { $0.boot.commandLine = String(repeating: "x", count: 4096) },
            Case("descriptors[1]") { $0.console = .nowhere },
            Case("disks[0].file") {
                $0.disks = [DiskConfiguration(name: "disk", file: DescriptorSlot(rawValue: 400))]
            },
        ]

        @Test("a configuration is refused by the name of the field", arguments: cases)
        func configuration(wrong: Case) throws {
            let launcher = try ControlledLauncher()
            let reply = try launcher.start("memory", adjust: wrong.change)
            guard case .refused(let reason) = reply else {
                Issue.record("\(reply)")
                return
            }
            #expect(reason.hasPrefix(wrong.field), "\(reason)")
            #expect(!reason.contains("\n"))
            launcher.waitForClose()
            try launcher.process.waitForEnd()
            #expect(launcher.events.contains(.failed(message: reason)))
            #expect(launcher.process.exitStatus == 1)
            #expect(launcher.process.console == "")
        }

        @Test(
            "bytes that are no message end the launcher with one line",
            arguments: [
                Array("GET / HTTP/1.1\r\n\r\n".utf8), [0, 0, 0, 0, 0, 0, 0, 0], [255, 255, 255, 255, 0, 0, 0, 0],
                [4, 0, 0, 0, 1, 0, 0, 0, 1, 2, 3, 4], [4, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4],
                [4, 0, 0, 0, 255, 255, 0, 0, 1, 2, 3, 4], [4, 0, 0, 0, 0, 0, 7, 0, 1, 2, 3, 4],
            ] as [[UInt8]], [false, true])
        func garbage(bytes: [UInt8], isRunning: Bool) throws {
            let launcher = try ControlledLauncher()
            if isRunning { #expect(try launcher.start("counter", "seconds=100000") == .done) }
            try launcher.sendRaw(bytes)
            launcher.waitForClose()
            try launcher.process.waitForEnd()
            #expect(launcher.process.exitStatus == 1)
            #expect(launcher.process.complaints.count == 1, "\(launcher.process.errors)")
        }

        @Test("a frame that ends in its middle ends the launcher")
        func torn() throws {
            let launcher = try ControlledLauncher()
            try launcher.sendRaw([200, 0, 0, 0, 0, 0, 0, 0, 1])
            launcher.hangUp()
            try launcher.process.waitForEnd()
            #expect(launcher.process.exitStatus == 1)
            #expect(launcher.process.complaints.count == 1)
        }
    }
}
