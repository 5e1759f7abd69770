// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

/// Machines of all shapes start, do their work and switch off: status 0, nothing forbidden, nothing leaked.
struct StartStopProof: Proof {
    static let name = "start-stop"
    /// What the driver itself may grow by: its allocator's slack, far below one leaked buffer a round.
    private static let slackBytes = 4 << 20

    private let stage: Stage
    private let disks: [String]
    private var descriptors: [String] = []
    private var rounds = 0
    private var settled = 0
    private var vcpus = 0
    private var mebibytes = 0
    private var diskCount = 0

    init(_ stage: Stage) throws {
        self.stage = stage
        disks = try (0..<4).map { try stage.disk("disk\($0).img", mebibytes: 8) }
        descriptors = Self.openDescriptors()
    }

    mutating func round(_ dice: inout Dice) throws {
        let shape = dice.number(0...8)
        var plan = GuestPlan(payload: "", words: "")
        plan.cpus = UInt32(dice.number(1...4))
        plan.mebibytes = min(16 << shape + dice.number(0...15) * (1 << shape), 4096)
        plan.disks = disks.shuffledPrefix(dice.number(0...4), &dice).map {
            GuestPlan.Disk(path: $0, isReadOnly: dice.chance(1, in: 5))
        }
        plan.hasRNG = dice.chance(1, in: 2)
        var works = ["memory mode=map", "counter ticks=2 halts=2 ipis=3 rate=500"]
        if plan.hasRNG { works.append("abuse target=rng rounds=2 seed=\(dice.number(1...999))") }
        if let index = plan.disks.indices.last {
            works.append("blockdriver size=512K count=100 disk=\(index) depth=\(dice.number(1...16))")
        }
        let work = dice.one(of: works)
        let name = String(work.prefix { $0 != " " })
        plan.payload = stage.payload(name)
        plan.words = String(work.dropFirst(name.count + 1))
        do {
            var launcher = try Launcher(stage)
            try launcher.start(plan)
            try launcher.endsWell(name)
        }
        let now = Self.openDescriptors()
        guard now == descriptors else { throw ProofFailure("descriptors leak: \(descriptors) -> \(now)") }
        rounds += 1
        vcpus += Int(plan.cpus)
        mebibytes += plan.mebibytes
        diskCount += plan.disks.count
        if rounds == 20 { settled = try Self.residentBytes() }
    }

    mutating func finish() throws {
        guard settled > 0 else { return }
        let grown = try Self.residentBytes() - settled
        guard grown < Self.slackBytes else {
            throw ProofFailure("the parent grew by \(grown) bytes in \(rounds - 20) rounds")
        }
    }

    var figures: [Figure] {
        [
            Figure(name: "vcpus", value: vcpus), Figure(name: "mebibytes", value: mebibytes),
            Figure(name: "disks", value: diskCount),
        ]
    }

    private static func openDescriptors() -> [String] {
        (Int32(0)..<1024).compactMap { number in
            guard fcntl(number, F_GETFD) >= 0 else { return nil }
            var target = [CChar](repeating: 0, count: 256)
            let count = readlink("/proc/self/fd/\(number)", &target, 255)
            let text = String(decoding: target[..<max(count, 0)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
            return "\(number) \(text)"
        }
    }

    private static func residentBytes() throws -> Int {
        guard let pages = ThreadTime.number(in: "/proc/self/statm", at: 1) else {
            throw ProofFailure("/proc/self/statm cannot be read")
        }
        return Int(pages) * 4096
    }
}

extension Array {
    /// So many elements, in an order the dice choose.
    fileprivate func shuffledPrefix(_ count: Int, _ dice: inout Dice) -> [Element] {
        var all = self
        for index in all.indices.dropLast() { all.swapAt(index, dice.number(index...all.count - 1)) }
        return Array(all.prefix(count))
    }
}
