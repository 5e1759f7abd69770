// SPDX-License-Identifier: Apache-2.0

import CTestSupport
import Foundation
import Glibc
import Testing

extension Integration {
    @Suite("A forbidden call planted in a running launcher")
    struct Violation {
        @Test(
            "ends it, and the supervisor's report names the call",
            arguments: [
                ("apus-launcher", 41, "socket"), ("CPU 0/KVM", 2, "open"), ("CPU 1/KVM", 59, "execve"),
                ("rng", 56, "clone"),
            ])
        func planted(thread: String, number: Int, call: String) throws {
            let scratch = try Scratch()
            try FileManager.default.createDirectory(atPath: scratch.path("image"), withIntermediateDirectories: false)
            try FileManager.default.copyItem(
                atPath: Payload.path("counter"), toPath: scratch.path("image/kernel"))
            let manifest = try scratch.file(
                "vm.json",
                Array(
                    """
                    {"apiVersion": "kubevirt.io/v1", "kind": "VirtualMachineInstance", "metadata": {"name": "planted"},
                     "spec": {"domain": {"cpu": {"cores": 2}, "memory": {"guest": "64Mi"},
                       "firmware": {"kernelBoot": {"kernelArgs": "seconds=100000 interval=50",
                         "container": {"image": "k", "kernelPath": "/kernel"}}},
                       "devices": {"autoattachPodInterface": false, "rng": {}}}}}
                    """.utf8))
            let run = try ForegroundRun(manifest, image: scratch.path("image"), runtime: scratch.folder)
            defer { run.end() }
            try run.waitForConsole("kind=ticks")
            let launcher = try #require(run.launcher)
            let task = try #require(
                TaskStatus.all(of: launcher).first { $0.name == thread }, "no thread is called \(thread)")
            let id = try #require(task.fields["Pid"].flatMap { Int32($0) })
            // A thread that is between two calls is asked again.
            var planted = EAGAIN
            for _ in 0..<1000 where planted == EAGAIN {
                planted = ctest_plant_call(id, number)
                if planted == EAGAIN { usleep(1000) }
            }
            #expect(planted == 0)
            try run.waitForEnd()
            #expect(run.status != 0)
            #expect(run.errors.contains("forbidden system call \(call)"), "\(run.errors)")
        }
    }
}
