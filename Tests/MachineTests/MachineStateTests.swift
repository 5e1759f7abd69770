// SPDX-License-Identifier: Apache-2.0

import Linux
import Record
import Testing

@testable import Machine

/// Guests go on in a second machine, from the state and the RAM of the first.
@Suite("A machine's state", .serialized, .enabled(if: StateRig.isAvailable, "this machine has no usable /dev/kvm"))
struct MachineStateTests {
    @Test("a counter goes on in another machine where it was, with every tick accounted for", arguments: [1, 2, 4])
    func counter(vcpus: UInt32) throws {
        let words = "seconds=4 interval=50 ipis=5 halts=2"
        let first = try StateRig("counter", words, vcpus: vcpus)
        try first.machine.start()
        try first.wait(for: "kind=ticks", times: 4)
        let second = try StateRig("counter", words, vcpus: vcpus)
        try first.move(to: second)
        let before = first.ticks
        #expect(before.count == Int(vcpus))
        #expect(second.console == "")
        second.machine.resume()
        try second.wait(for: "kind=ticks")
        let after = second.ticks
        #expect(zip(before, after).allSatisfy { $0 <= $1 } && after.count == before.count, "\(before) \(after)")
        try second.wait(for: "apus-guest counter done ok")
        #expect(zip(after, second.ticks).allSatisfy { $0 < $1 }, "\(after) \(second.ticks)")
    }

    @Test("memory that is being written goes on in another machine with every page as it was", arguments: [1, 2])
    func dirtier(vcpus: UInt32) throws {
        let words = "seconds=2 interval=50 size=16 pattern=random"
        let first = try StateRig("dirtier", words, vcpus: vcpus)
        try first.machine.start()
        try first.wait(for: "kind=dirty", times: 3)
        let second = try StateRig("dirtier", words, vcpus: vcpus)
        try first.move(to: second)
        second.machine.resume()
        try second.wait(for: "apus-guest dirtier done ok")
        #expect(second.console.contains("kind=verified"))
    }
}
