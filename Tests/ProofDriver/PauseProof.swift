// SPDX-License-Identifier: Apache-2.0

import Control
import Glibc

/// Pauses at any moment: no vCPU runs during one, and the guest goes on afterwards with its ticks and data right.
struct PauseProof: Proof {
    static let name = "pause"
    private static let wakeUpNanoseconds: UInt64 = 1_000_000

    private let stage: Stage
    private let disk: String
    private var pauses = 0
    private var stillness = 0

    init(_ stage: Stage) throws {
        self.stage = stage
        disk = try stage.disk("pause.img", mebibytes: 8)
    }

    mutating func round(_ dice: inout Dice) throws {
        let payload = dice.one(of: ["blockdriver", "counter", "dirtier"])
        let drives = payload == "blockdriver"
        let words =
            switch payload {
            case "blockdriver":
                "size=2M count=\(dice.number(1000...5000)) depth=\(dice.number(1...32)) seed=\(dice.number(1...999))"
            case "counter": "ticks=\(dice.number(10...40)) rate=200 halts=5 ipis=20"
            // Busy on every vCPU from beginning to end.
            default: "seconds=1 size=4 pattern=\(dice.one(of: ["random", "stride"]))"
            }
        var plan = GuestPlan(payload: stage.payload(payload), words: words)
        plan.cpus = UInt32(dice.number(1...4))
        if drives { plan.disks = [GuestPlan.Disk(path: disk)] }
        var launcher = try Launcher(stage)
        try launcher.start(plan)
        for _ in 0..<dice.number(1...8) {
            try launcher.listen(microseconds: dice.microseconds(upTo: 60_000))
            guard try ask(.pause, &launcher) else { break }
            if dice.chance(1, in: 8) { guard try ask(.pause, &launcher) else { break } }
            try isStill(&launcher, microseconds: dice.one(of: [0, 2_000, 20_000, 40_000]))
            guard try ask(.resume, &launcher) else { break }
            if dice.chance(1, in: 8) { guard try ask(.resume, &launcher) else { break } }
            pauses += 1
        }
        try launcher.endsWell(payload)
    }

    /// Whether it was answered; false when the guest had ended by then.
    private func ask(_ request: ControlRequest, _ launcher: inout Launcher) throws -> Bool {
        guard let reply = try launcher.ask(request) else { return false }
        guard reply == .done else { throw ProofFailure("\(request) was answered by \(reply): \(launcher.story)") }
        return true
    }

    /// The vCPU threads wait: they get no time on the CPU but what a wake-up or a signal that was on its way costs.
    ///
    /// Time on the CPU and not on the clock, so that a busy host does not disturb the judgement.
    private mutating func isStill(_ launcher: inout Launcher, microseconds: Int) throws {
        let (pid, threads) = (launcher.pid, launcher.vcpuThreads)
        let before = times(pid, threads)
        try launcher.listen(microseconds: microseconds)
        let after = times(pid, threads)
        for (index, pair) in zip(before, after).enumerated() {
            guard let first = pair.0, let last = pair.1 else {
                throw ProofFailure("the thread of vCPU \(index) is gone during a pause: \(launcher.story)")
            }
            guard last - first <= Self.wakeUpNanoseconds else {
                throw ProofFailure("vCPU \(index) ran for \(last - first) ns of a pause: \(launcher.story)")
            }
        }
        stillness += threads.count
    }

    private func times(_ pid: pid_t, _ threads: [Int32]) -> [UInt64?] {
        threads.map { ThreadTime.nanoseconds(process: pid, thread: $0) }
    }

    var figures: [Figure] {
        [Figure(name: "pauses", value: pauses), Figure(name: "still_threads", value: stillness)]
    }
}
