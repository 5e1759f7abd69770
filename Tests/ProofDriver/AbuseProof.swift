// SPDX-License-Identifier: Apache-2.0

import Linux

/// A hostile driver against each kind of device: the launcher survives, and the device works after every attack.
struct AbuseProof: Proof {
    static let name = "abuse"
    private static let attacks = 50

    private let stage: Stage
    private let disk: String
    private let tap: PrivateTapHolder?
    private var block = 0
    private var rng = 0
    private var net = 0
    private var balloon = 0
    private var console = 0
    private var needsReset = 0

    /// A tap shared by all rounds.
    private final class PrivateTapHolder {
        let tap: PrivateTap
        init() throws(Errno) { tap = try PrivateTap() }
    }

    init(_ stage: Stage) throws {
        self.stage = stage
        disk = try stage.disk("abuse.img", mebibytes: 8)
        do throws(Errno) { tap = try PrivateTapHolder() } catch {
            complain("net is left out: \(error)")
            tap = nil
        }
    }

    mutating func round(_ dice: inout Dice) throws {
        let targets = ["block", "rng", "balloon", "console"] + (tap == nil ? [] : ["net"])
        let target = dice.one(of: targets)
        let seed = dice.number(1...Int(Int32.max))
        var plan = GuestPlan(
            payload: stage.payload("abuse"), words: "target=\(target) rounds=\(Self.attacks) seed=\(seed)")
        plan.cpus = UInt32(dice.number(1...2))
        switch target {
        case "block":
            plan.disks = [GuestPlan.Disk(path: disk, isReadOnly: dice.chance(1, in: 4))]
            block += 1
        case "rng":
            plan.hasRNG = true
            rng += 1
        case "balloon":
            plan.hasBalloon = true
            balloon += 1
        case "console":
            plan.hasChannel = true
            console += 1
        default:
            plan.tap = tap?.tap.file.raw
            net += 1
        }
        var launcher = try Launcher(stage)
        try launcher.start(plan)
        try launcher.endsWell("abuse", saying: "result kind=survived rounds=\(Self.attacks)")
        needsReset += Self.value(of: "needs_reset=", in: launcher.consoleText)
    }

    var figures: [Figure] {
        [
            Figure(name: "attacks", value: (block + rng + net + balloon + console) * Self.attacks),
            Figure(name: "block_rounds", value: block), Figure(name: "rng_rounds", value: rng),
            Figure(name: "net_rounds", value: net), Figure(name: "balloon_rounds", value: balloon),
            Figure(name: "console_rounds", value: console), Figure(name: "needs_reset", value: needsReset),
        ]
    }

    private static func value(of key: String, in text: String) -> Int {
        for word in text.split(whereSeparator: { $0 == " " || $0 == "\n" }) where word.hasPrefix(key) {
            return Int(word.dropFirst(key.count)) ?? 0
        }
        return 0
    }
}
