// SPDX-License-Identifier: Apache-2.0

import Control
import Glibc
import Linux
import TestSupport
import Testing

@testable import Machine
@testable import Record

extension OnKVM {
    /// What a machine makes of a state that is not its own, or not a state at all.
    @Suite("A state's stream", .serialized, .enabled(if: StateRig.isAvailable, "this machine has no usable /dev/kvm"))
    struct StateStreamTests {
        /// A machine with one of each small device.
        private func build(
            vcpus: UInt32 = 1, memory: UInt64 = 64 << 20, adjust: (inout MachineConfiguration) -> Void = { _ in }
        ) throws -> StateRig {
            let image = try FileDescriptor.memory(named: "disk", bytes: 16 << 20)
            return try StateRig("blockdriver", "count=100000", vcpus: vcpus, memory: memory, disks: [image.raw]) {
                $0.rng = .getrandom
                $0.balloon = BalloonConfiguration()
                $0.watchdog = WatchdogAction.none
                $0.hasSCSI = true
                adjust(&$0)
            }
        }

        /// The state of a machine whose driver is at work.
        private func busy() throws -> SavedState {
            let rig = try build()
            try rig.machine.start()
            try rig.wait(for: "kind=device")
            usleep(20_000)
            rig.machine.pause()
            return try rig.machine.state()
        }

        private func refusal(_ body: () throws -> Void) -> String {
            do {
                try body()
                return "accepted"
            } catch { return "\(error)" }
        }

        @Test("a state reads back as it was written, byte for byte")
        func roundTrip() throws {
            let state = try busy()
            #expect(state.devices.map(\.name) == ["disk0", "rng", "balloon", "SCSI controller"])
            #expect(state.watchdog != nil)
            let bytes = state.encoded
            let again = try SavedState.decode(bytes)
            #expect(again == state)
            #expect(again.encoded == bytes)
            #expect(bytes.count < 64 << 10)
        }

        @Test("a state is only taken of a paused machine and only taken up by one that was just built")
        func moments() throws {
            let rig = try build(), other = try build()
            #expect(refusal { _ = try rig.machine.state() } == "\(StateError.running)")
            try rig.machine.start()
            rig.machine.pause()
            let state = try rig.machine.state()
            #expect(refusal { try rig.machine.restore(state) } == "\(StateError.notFresh)")
            try other.machine.restore(state)
            #expect(other.machine.isPaused)
            #expect(refusal { try other.machine.restore(state) } == "\(StateError.notFresh)")
        }

        @Test("what the guest asked for is served before a state is taken")
        func waitingEvents() throws {
            let rig = try build()
            rig.machine.pause()
            rig.machine.events.requestPowerOff()
            #expect(refusal { _ = try rig.machine.state() } == "\(StateError.eventsWaiting)")
            #expect(rig.machine.serve() == .poweredOff)
            _ = try rig.machine.state()
        }

        @Test("a state of another shape is refused by the first difference, and the machine can still be used")
        func shapes() throws {
            let rig = try build(vcpus: 2)
            rig.machine.pause()
            let state = try rig.machine.state()
            let cases: [(StateRig, String)] = [
                (try build(vcpus: 1), "Number of vCPUs: 2 in the state, 1 here"),
                (try build(vcpus: 2, memory: 96 << 20), "Bytes of RAM: 67108864 in the state, 100663296 here"),
                (
                    try build(vcpus: 2) { $0.rng = nil },
                    "Device 2: 00:02.0 entropy rng in the state, 00:02.0 balloon balloon here"
                ),
                (try build(vcpus: 2) { $0.watchdog = nil }, "Device 5: watchdog in the state, none here"),
            ]
            for (other, message) in cases {
                #expect(refusal { try other.machine.restore(state) } == message)
                try other.machine.start()
            }
            var foreign = state
            foreign.shape.cpuid[3] ^= 1
            let fresh = try build(vcpus: 2)
            #expect(refusal { try fresh.machine.restore(foreign) }.hasPrefix("CPUID: leaf 0.0 "))
            var wide = state
            wide.vcpus[1].xsave += [UInt8](repeating: 1, count: 40_000)
            #expect(refusal { try fresh.machine.restore(wide) }.hasPrefix("vCPU 1: its extended registers need "))
            var fast = state
            fast.vcpus[0].timeStamp.kilohertz = 1_000
            #expect(fresh.machine.format.scalesTimeStamp || refusal { try fresh.machine.restore(fast) }.contains("TSC"))
            try fresh.machine.start()
        }

        @Test(
            "another version is refused by its number, before anything in it is looked at", arguments: [0, 2, 65_535])
        func versions(version: UInt16) throws {
            let shape = RecordShape(name: SavedState.recordName, version: version, fields: ["novelty"])
            let bytes = Record.encode(RecordValue.record(RecordObject(shape: shape, values: [.unsigned(1)])))
            let message = refusal { _ = try SavedState.decode(bytes) }
            #expect(
                message
                    == (version == 0
                        ? "machine-state: there is no version 0 of it"
                        : "machine-state: version \(version) is newer than the 1 that this build reads"))
        }

        @Test("a stream that ends early is refused, wherever it ends")
        func truncated() throws {
            let bytes = try busy().encoded
            var random = SeededRandom(seed: 3)
            let ends = Array(0..<64) + (0..<400).map { _ in Int.random(in: 64..<bytes.count, using: &random) }
            for end in ends {
                #expect(throws: StateError.self) { _ = try SavedState.decode(Array(bytes[..<end])) }
            }
        }

        @Test(
            "a mutated stream is refused, or a machine takes it up or refuses it, and ends",
            arguments: [1, 2] as [UInt64])
        func mutated(seed: UInt64) throws {
            let state = try busy()
            let bytes = state.encoded
            var random = SeededRandom(seed: seed)
            var refused = 0, takenUp = 0, turnedDown = 0
            for round in 0..<600 {
                let mutant: [UInt8]
                if round % 2 == 0 {
                    mutant = Record.encode(mutate(state.recordValue, &random))
                } else {
                    var copy = bytes
                    for _ in 0..<Int.random(in: 1...3, using: &random) {
                        copy[Int.random(in: 0..<copy.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
                    }
                    mutant = copy
                }
                guard let value = try? SavedState.decode(mutant) else {
                    refused += 1
                    continue
                }
                #expect(try SavedState.decode(value.encoded) == value)
                guard takenUp + turnedDown < 60 else { continue }
                let rig = try build()
                do {
                    try rig.machine.restore(value)
                    takenUp += 1
                    rig.machine.resume()
                    usleep(1000)
                } catch { turnedDown += 1 }
                rig.machine.end()
            }
            #expect(refused > 0 && takenUp > 0 && turnedDown > 0, "\(refused) \(takenUp) \(turnedDown)")
        }

        /// The tree with one leaf changed.
        private func mutate(_ value: RecordValue, _ random: inout SeededRandom) -> RecordValue {
            func number() -> UInt64 {
                switch Int.random(in: 0..<4, using: &random) {
                case 0: 0
                case 1: .max
                case 2: 1 << UInt64.random(in: 0..<64, using: &random)
                default: UInt64.random(in: 0...70_000, using: &random)
                }
            }
            switch value {
            case .absent: return .unsigned(number())
            case .bool(let flag): return .bool(!flag)
            case .unsigned: return .unsigned(number())
            case .signed: return .signed(Int64(bitPattern: number()))
            case .text(let text): return .text(text + "x")
            case .bytes(var all):
                if all.isEmpty || Int.random(in: 0..<8, using: &random) == 0 { return .bytes(all + [1]) }
                all[Int.random(in: 0..<all.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
                return .bytes(all)
            case .numbers(var all):
                if all.isEmpty { return .numbers([number()]) }
                all[Int.random(in: 0..<all.count, using: &random)] = number()
                return .numbers(all)
            case .list(var all):
                if all.isEmpty { return .list([.unsigned(number())]) }
                let at = Int.random(in: 0..<all.count, using: &random)
                if Int.random(in: 0..<16, using: &random) == 0 {
                    all.remove(at: at)
                } else {
                    all[at] = mutate(all[at], &random)
                }
                return .list(all)
            case .record(let object):
                var values = object.values
                guard !values.isEmpty else { return value }
                let at = Int.random(in: 0..<values.count, using: &random)
                values[at] = mutate(values[at], &random)
                return .record(RecordObject(shape: object.shape, values: values))
            }
        }
    }
}
