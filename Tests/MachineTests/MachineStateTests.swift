// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Network
import Sandbox
import Synchronization
import TestSupport
import Testing

@testable import Machine

extension OnKVM {
    /// Guests go on in a second machine, from the state and the RAM of the first.
    @Suite("A machine's state", .serialized, .enabled(if: StateRig.isAvailable, "this machine has no usable /dev/kvm"))
    struct MachineStateTests {
        @Test("a counter goes on in another machine where it was, with every tick accounted for", arguments: [1, 2, 4])
        func counter(vcpus: UInt32) throws {
            func build() throws -> StateRig {
                try StateRig("counter", "seconds=3 interval=50 ipis=5 halts=2", vcpus: vcpus)
            }
            let first = try build()
            try first.machine.start()
            try first.wait(for: "kind=ticks", times: 4)
            let second = try first.move(build)
            let before = first.ticks
            #expect(before.count == Int(vcpus))
            #expect(second.console == "")
            second.machine.resume()
            try second.wait(for: "kind=ticks")
            let after = second.ticks
            #expect(zip(before, after).allSatisfy { $0 <= $1 } && after.count == before.count, "\(before) \(after)")
            try second.wait(for: "apus-guest counter done ok")
            #expect(zip(before, second.ticks).allSatisfy { $0 < $1 }, "\(before) \(second.ticks)")
        }

        @Test("memory that is being written goes on in another machine with every page as it was", arguments: [1, 2])
        func dirtier(vcpus: UInt32) throws {
            func build() throws -> StateRig {
                try StateRig("dirtier", "seconds=2 interval=50 size=16 pattern=random", vcpus: vcpus)
            }
            let first = try build()
            try first.machine.start()
            try first.wait(for: "kind=dirty", times: 3)
            let second = try first.move(build)
            second.machine.resume()
            try second.wait(for: "apus-guest dirtier done ok")
            #expect(second.console.contains("kind=verified"))
        }

        @Test(
            "requests of a disk at work are each answered once, over three moves",
            arguments: ["", " ring=packed", " indirect=off eventidx=off", " queues=2"])
        func disk(words: String) throws {
            let image = try FileDescriptor.memory(named: "disk", bytes: 32 << 20)
            func build() throws -> StateRig {
                try StateRig("blockdriver", "count=40000 depth=32\(words)", disks: [image.raw]) {
                    $0.disks[0].queues = words.contains("queues") ? 2 : 1
                }
            }
            let origin = try build()
            var rig = origin
            try rig.machine.start()
            try rig.wait(for: "kind=device")
            for _ in 0..<3 {
                usleep(60_000)
                rig = try rig.move(build)
                rig.machine.resume()
            }
            #expect(rig !== origin)
            try rig.wait(for: "apus-guest blockdriver done ok")
        }

        @Test(
            "a card at work loses no frame and repeats none, over three moves",
            .enabled(if: geteuid() == 0, "making taps needs root"), arguments: ["", " ring=packed", " mrg=off"])
        func card(words: String) throws {
            let ran = try Namespace.run(taps: ["wire"], isQuiet: true) {
                let tap = try Tap.open("wire").release()
                let mirror = try FrameMirror("wire")
                defer { mirror.stop() }
                func build() throws -> StateRig {
                    try StateRig("netdriver", "mode=send expect=echo count=6000 size=600\(words)", taps: [tap.raw])
                }
                var rig = try build()
                try rig.machine.start()
                try rig.wait(for: "kind=device")
                for _ in 0..<3 {
                    usleep(100_000)
                    rig = try rig.move(build)
                    rig.machine.resume()
                }
                try rig.wait(for: "apus-guest netdriver done ok")
                #expect(mirror.frames >= 6000)
            }
            if !ran { print("Machine tests: this host permits no network namespace") }
        }

        @Test("a state is taken and taken up behind the main thread's filter")
        func confined() throws {
            func build() throws -> StateRig {
                try StateRig("counter", "seconds=2 interval=50 ipis=5 halts=2", vcpus: 2, isConfined: true)
            }
            let first = try build(), second = try build()
            try first.machine.start()
            try first.wait(for: "kind=ticks", times: 2)
            let door = try Cage(isClosed: true).door(.main)
            let outcome = Mutex<Result<SavedState, any Error>?>(nil)
            let thread = try OSThread(name: "main", stackBytes: 4 << 20) {
                door()
                let result = Result {
                    first.machine.pause()
                    let state = try first.machine.state()
                    try second.machine.restore(state)
                    try first.copyMemory(to: second)
                    second.machine.resume()
                    return state
                }
                outcome.withLock { $0 = result }
            }
            thread.join()
            _ = try #require(outcome.withLock { $0 }).get()
            first.machine.end()
            try second.wait(for: "apus-guest counter done ok")
        }
    }
}
