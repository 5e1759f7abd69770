// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

/// One line on standard error.
func complain(_ line: String) { CurrentProcess.complain("prove: \(line)") }

@main
enum Main {
    static func main() {
        SignalSet.ignoreBrokenPipes()
        do {
            exit(try run(try Options(Array(CommandLine.arguments.dropFirst()))) ? 0 : 1)
        } catch {
            complain("\(error)")
            exit(2)
        }
    }

    private static func run(_ options: Options) throws -> Bool {
        switch options.proof {
        case AbuseProof.name: return try run(AbuseProof.self, options)
        case ResetProof.name: return try run(ResetProof.self, options)
        case PauseProof.name: return try run(PauseProof.self, options)
        case KillProof.name: return try run(KillProof.self, options)
        case SuperviseProof.name: return try run(SuperviseProof.self, options)
        case PowerCutProof.name: return try run(PowerCutProof.self, options)
        case StartStopProof.name: return try run(StartStopProof.self, options)
        default:
            throw ProofFailure(
                "no proof '\(options.proof)'; known: abuse reset pause kill start-stop powercut supervise")
        }
    }

    private static func run<P: Proof>(_ type: P.Type, _ options: Options) throws -> Bool {
        let began = Clock.monotonic
        var proof = try P(options.stage)
        let rounds = options.only.map { $0...$0 } ?? 1...max(options.rounds, 1)
        let progress = Progress(P.name, total: rounds.count)
        var done = 0
        var failure: String?
        do {
            for round in rounds {
                progress.show(done)
                var dice = Dice(seed: options.seed, round: round)
                do { try proof.round(&dice) } catch { throw ProofFailure("round \(round): \(error)") }
                done += 1
            }
            try proof.finish()
        } catch {
            failure = "\(error)"
        }
        progress.clear()
        let summary = Summary(
            proof: P.name, rounds: done, seed: options.seed, commit: options.commit,
            seconds: Double(Clock.monotonic - began) / 1e9, figures: proof.figures, failure: failure)
        if let failure { complain(failure) }
        print(summary.line)
        if let json = options.json { try summary.save(to: json) }
        return failure == nil
    }
}
