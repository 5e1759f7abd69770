// SPDX-License-Identifier: Apache-2.0

import Control
import Foundation
import Glibc
import Linux
import Testing

extension Integration {
    @Suite("The launcher's process while a guest runs")
    struct ProcessState {
        private static let endless = "seconds=100000 interval=50"

        @Test("every thread is confined: no privilege, no way to one, and a filter")
        func confined() throws {
            let launcher = try Payload.start("counter", Self.endless, cpus: "2", ["--rng"])
            try launcher.waitForConsole("kind=ticks")
            let tasks = try TaskStatus.all(of: launcher.processID)
            #expect(tasks.count >= 3)
            for task in tasks {
                #expect(task.fields["NoNewPrivs"] == "1", "\(task.name)")
                #expect(task.fields["Seccomp"] == "2", "\(task.name)")
                for set in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
                    #expect(task.fields[set] == "0000000000000000", "\(task.name) \(set)")
                }
            }
        }

        @Test("each vCPU has a thread of its own that bears its name", arguments: [1, 2, 4])
        func names(cpus: Int) throws {
            let launcher = try Payload.start("counter", Self.endless, cpus: "\(cpus)")
            try launcher.waitForConsole("counter ready")
            let names = try TaskStatus.all(of: launcher.processID).map(\.name).filter { $0.hasPrefix("CPU ") }
            #expect(names.sorted() == (0..<cpus).map { "CPU \($0)/KVM" })
        }

        @Test("it has no child, no folder and no file that was not asked for open")
        func descriptors() throws {
            let launcher = try Payload.start("counter", Self.endless)
            try launcher.waitForConsole("kind=ticks")
            let process = "/proc/\(launcher.processID)"
            #expect(try String(contentsOfFile: "\(process)/task/\(launcher.processID)/children", encoding: .utf8) == "")
            let kernel = try Payload.path("counter")
            for name in try FileManager.default.contentsOfDirectory(atPath: "\(process)/fd") {
                let target = try FileManager.default.destinationOfSymbolicLink(atPath: "\(process)/fd/\(name)")
                let isExpected =
                    target.hasPrefix("anon_inode:") || target.hasPrefix("pipe:") || target.hasPrefix("socket:")
                    || target.hasPrefix("/memfd:")
                    || ["/dev/null", "/dev/kvm"].contains(target)
                    || URL(fileURLWithPath: target).lastPathComponent == URL(fileURLWithPath: kernel).lastPathComponent
                #expect(isExpected, "descriptor \(name) is \(target)")
            }
        }

        @Test("a sandbox that is off says so")
        func open() throws {
            let launcher = try Payload.start("memory", "", ["--sandbox", "off"])
            try launcher.waitForEnd()
            #expect(launcher.exitStatus == 0)
            #expect(launcher.complaints.count == 1 && launcher.errors.contains("the sandbox is off"))
        }

        @Test("vCPU threads run on the CPU they are given, all others on theirs")
        func pinning() throws {
            let allowed = try CPUSet.allowed().cpus
            guard let first = allowed.first, let last = allowed.last, first != last else {
                print("Integration: pinning needs two CPUs")
                return
            }
            let launcher = try ControlledLauncher()
            let reply = try launcher.start("counter", Self.endless, cpus: 2) {
                $0.cpu.pinning = [UInt32(last), UInt32(first)]
                $0.cpu.emulatorCPUs = [UInt32(first)]
            }
            #expect(reply == .done)
            try launcher.process.waitForConsole("kind=ticks")
            let tasks = try TaskStatus.all(of: launcher.process.processID)
            // The kernel's own thread of the VM inherits the CPUs of whichever vCPU ran first.
            for task in tasks where !task.name.hasPrefix("kvm-") {
                let wanted = task.name == "CPU 0/KVM" ? last : first
                #expect(task.fields["Cpus_allowed_list"] == "\(wanted)", "\(task.name)")
            }
            #expect(tasks.filter { $0.name.hasPrefix("CPU ") }.count == 2)
        }

        @Test("a CPU that is not there is refused before anything starts")
        func pinningToNothing() throws {
            let launcher = try ControlledLauncher()
            guard case .refused(let reason) = try launcher.start("counter", adjust: { $0.cpu.pinning = [65_000] })
            else {
                Issue.record("the machine started")
                return
            }
            #expect(reason.contains("cpu.pinning") && reason.contains("65000"))
            launcher.waitForClose()
            try launcher.process.waitForEnd()
            #expect(launcher.process.exitStatus == 1)
            #expect(launcher.process.console == "")
        }

        @Test("without a limit vCPU threads run wherever the process may")
        func unpinned() throws {
            let launcher = try Payload.start("counter", Self.endless, cpus: "2")
            try launcher.waitForConsole("counter ready")
            let tasks = try TaskStatus.all(of: launcher.processID)
            #expect(Set(tasks.compactMap { $0.fields["Cpus_allowed_list"] }).count == 1)
        }

        @Test("memory is touched before the start when that is asked for, and only then", arguments: [0, 2])
        func prefault(threads: Int) throws {
            let launcher = try Payload.start(
                "counter", Self.endless, memory: "256M", ["--prefault", "\(threads)"])
            try launcher.waitForConsole("counter ready")
            let resident = try TaskStatus.process(launcher.processID).bytes("VmRSS")
            if threads > 0 { #expect(resident >= 256 << 20) } else { #expect(resident < 128 << 20) }
        }

        @Test("guest memory comes from the pool of huge pages that was asked for")
        func hugepages() throws {
            guard let pool = HugePagePool(pageKiB: 2048, pages: 64) else {
                print("Integration: huge pages skipped: 64 pages of 2 MiB cannot be reserved here")
                return
            }
            let launcher = try Payload.start("counter", Self.endless, ["--hugepages", "2M", "--prefault", "1"])
            try launcher.waitForConsole("kind=ticks")
            #expect(try TaskStatus.process(launcher.processID).bytes("HugetlbPages") == 128 << 20)
            launcher.kill(SIGKILL)
            try launcher.waitForEnd()
            #expect(pool.freePages >= 64)
        }

        @Test(
            "SIGTERM presses the power button, and a second one ends a guest that does not listen",
            arguments: [SIGTERM, SIGINT])
        func signals(signal: Int32) throws {
            let launcher = try Payload.start("counter", Self.endless)
            try launcher.waitForConsole("kind=ticks")
            launcher.kill(signal)
            try launcher.waitForConsole("kind=ticks", times: launcher.occurrences(of: "kind=ticks") + 3)
            launcher.kill(signal)
            try launcher.waitForEnd()
            #expect(launcher.exitStatus == 1)
        }

        @Test("a killed launcher is gone with all its threads")
        func killed() throws {
            let launcher = try Payload.start("counter", Self.endless, cpus: "4")
            try launcher.waitForConsole("kind=ticks")
            launcher.kill(SIGKILL)
            try launcher.waitForEnd()
            #expect(launcher.killedBy == SIGKILL)
            #expect(!FileManager.default.fileExists(atPath: "/proc/\(launcher.processID)"))
        }
    }
}
