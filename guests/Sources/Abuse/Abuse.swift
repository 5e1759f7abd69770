// SPDX-License-Identifier: Apache-2.0

import Runtime

/// A hostile driver: every round does one forbidden thing to a device, resets it and proves that it still works.
///
/// `target=block` (default) | `net` | `rng` | `console` | `balloon`; `seed=` (1), `rounds=` (200); `attack=` only that one, by number;
/// `settle=` microseconds the device has to react (2000). A device may answer with DEVICE_NEEDS_RESET, an error status or
/// nothing; it may not hang, and what it does afterwards must be right.
@main
struct Abuse: Payload {
    static let name: StaticString = "abuse"

    static func run(_ machine: Machine) throws(Failure) {
        let arguments = machine.arguments
        var random = Random(seed: arguments.number("seed", 1))
        let target = try Target(machine)
        try target.prove()
        let rounds = arguments.number("rounds", 200)
        let attacks = UInt64(Attack.allCases.count)
        var performed = [UInt64](repeating: 0, count: Attack.allCases.count)
        var (needingReset, refused) = (UInt64(0), UInt64(0))
        for round in 0..<rounds {
            let number = Int(arguments.has("attack") ? arguments.number("attack", 0) % attacks : random.below(attacks))
            let attack = Attack.allCases[number]
            if arguments.has("verbose", "1") {
                report("result") {
                    $0.field("kind", "round")
                    $0.field("round", round)
                    $0.field("attack", attack.name)
                }
            }
            var assault = Assault(target, machine, random: Random(seed: random.next()))
            switch try assault.perform(attack) {
            case .needsReset: needingReset += 1
            case .refused: refused += 1
            case .quiet: break
            }
            performed[number] += 1
            do throws(Failure) {
                try target.recover()
                try target.prove()
            } catch {
                report("result") {
                    $0.field("kind", "broken")
                    $0.field("round", round)
                    $0.field("attack", attack.name)
                }
                throw error
            }
        }
        for attack in Attack.allCases where performed[attack.rawValue] > 0 {
            report("result") {
                $0.field("kind", "attack")
                $0.field("name", attack.name)
                $0.field("rounds", performed[attack.rawValue])
            }
        }
        report("result") {
            $0.field("kind", "survived")
            $0.field("rounds", rounds)
            $0.field("needs_reset", needingReset)
            $0.field("refused", refused)
        }
    }
}
