// SPDX-License-Identifier: Apache-2.0

import Control

/// Resets by the guest, by triple faults and from outside at any moment: the guest finds cleared memory and devices that
/// work from the start.
struct ResetProof: Proof {
    static let name = "reset"

    private let stage: Stage
    private let disk: String
    private var byGuest = 0
    private var byTripleFault = 0
    private var fromOutside = 0

    init(_ stage: Stage) throws {
        self.stage = stage
        disk = try stage.disk("reset.img", mebibytes: 8)
    }

    mutating func round(_ dice: inout Dice) throws {
        if dice.chance(1, in: 3) { try inside(&dice) } else { try outside(&dice) }
    }

    /// The guest resets itself and looks whether its memory was cleared.
    private mutating func inside(_ dice: inout Dice) throws {
        let resets = dice.number(1...4)
        let way = dice.one(of: ["mode=reset", "mode=reset by=keyboard", "mode=triplefault"])
        var plan = GuestPlan(payload: stage.payload("memory"), words: "\(way) resets=\(resets)")
        plan.cpus = UInt32(dice.number(1...4))
        plan.mebibytes = dice.number(16...256)
        var launcher = try Launcher(stage)
        try launcher.start(plan)
        try launcher.endsWell("memory", saying: resets == 1 ? "second boot" : "later boot")
        guard launcher.resets == resets else {
            throw ProofFailure("\(launcher.resets) of \(resets) resets were announced: \(launcher.story)")
        }
        if way == "mode=triplefault" { byTripleFault += resets } else { byGuest += resets }
    }

    /// Resets fall into a guest that drives a disk, or that sleeps, ticks and interrupts itself.
    private mutating func outside(_ dice: inout Dice) throws {
        let drives = dice.chance(2, in: 3)
        let payload = drives ? "blockdriver" : "counter"
        let words =
            drives
            ? "size=1M count=\(dice.number(100...2000)) depth=\(dice.number(1...32)) seed=\(dice.number(1...999))"
            : "ticks=\(dice.number(1...8)) halts=2 ipis=5 rate=200"
        var plan = GuestPlan(payload: stage.payload(payload), words: words)
        plan.cpus = UInt32(dice.number(1...4))
        plan.hasRNG = dice.chance(1, in: 2)
        if drives { plan.disks = [GuestPlan.Disk(path: disk)] }
        var launcher = try Launcher(stage)
        try launcher.start(plan)
        var done = 0
        for _ in 0..<dice.number(1...6) {
            try launcher.listen(microseconds: dice.microseconds(upTo: 120_000))
            guard let reply = try launcher.ask(.reset) else { break }
            guard reply == .done else { throw ProofFailure("the reset was answered by \(reply): \(launcher.story)") }
            done += 1
        }
        try launcher.endsWell(payload)
        guard launcher.resets == done else {
            throw ProofFailure("\(launcher.resets) of \(done) resets were announced: \(launcher.story)")
        }
        fromOutside += done
    }

    var figures: [Figure] {
        [
            Figure(name: "resets_by_guest", value: byGuest),
            Figure(name: "resets_by_triple_fault", value: byTripleFault),
            Figure(name: "resets_from_outside", value: fromOutside),
        ]
    }
}
