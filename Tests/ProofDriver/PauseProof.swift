// SPDX-License-Identifier: Apache-2.0

import Control
import Glibc

/// Pauses at any moment: no vCPU runs during one, and the guest goes on afterwards with its ticks and data right.
struct PauseProof: Proof {
    static let name = "pause"

    private let stage: Stage
    private let disk: String
    private var pauses = 0
    private var stillness = 0

    init(_ stage: Stage) throws {
        self.stage = stage
        disk = try stage.disk("pause.img", mebibytes: 8)
    }

    mutating func round(_ dice: inout Dice) throws {
        let drives = dice.chance(1, in: 2)
        let payload = drives ? "blockdriver" : "counter"
        let words =
            drives
            ? "size=2M count=\(dice.number(1000...5000)) depth=\(dice.number(1...32)) seed=\(dice.number(1...999))"
            : "ticks=\(dice.number(10...40)) rate=200 halts=5 ipis=20"
        var plan = GuestPlan(payload: stage.payload(payload), words: words)
        plan.cpus = UInt32(dice.number(1...4))
        if drives { plan.disks = [GuestPlan.Disk(path: disk)] }
        var launcher = try Launcher(stage)
        try launcher.start(plan)
        for _ in 0..<dice.number(1...8) {
            try launcher.listen(microseconds: dice.microseconds(upTo: 60_000))
            guard try ask(.pause, &launcher) else { break }
            if dice.chance(1, in: 8) { guard try ask(.pause, &launcher) else { break } }
            try isStill(&launcher, microseconds: dice.microseconds(upTo: 30_000))
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

    /// The vCPU threads wait: the time they had on the CPU stands still.
    private mutating func isStill(_ launcher: inout Launcher, microseconds: Int) throws {
        let (pid, threads) = (launcher.pid, launcher.vcpuThreads)
        // Parking is a state the thread enters on its own CPU: give it that long to reach its futex.
        var before = times(pid, threads)
        for _ in 0..<50 {
            try launcher.listen(microseconds: 100)
            let now = times(pid, threads)
            if now == before { break }
            before = now
        }
        try launcher.listen(microseconds: microseconds)
        let after = times(pid, threads)
        guard before == after else {
            throw ProofFailure("vCPU threads ran during a pause: \(before) -> \(after): \(launcher.story)")
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
