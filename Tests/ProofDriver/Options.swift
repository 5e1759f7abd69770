// SPDX-License-Identifier: Apache-2.0

/// What the driver was told.
struct Options {
    var proof = ""
    var rounds = 1
    var seed: UInt64 = 1
    /// The only round to run, counted from 1.
    var only: Int?
    var stage = Stage(launcher: "", guests: "", scratch: "")
    var commit = ""
    var json: String?

    /// - Throws: `ProofFailure` that names the option.
    init(_ arguments: [String]) throws {
        guard let name = arguments.first else { throw ProofFailure(Options.help) }
        proof = name
        var rest = arguments.dropFirst()
        var values: [String: String] = [:]
        while let key = rest.popFirst() {
            guard key.hasPrefix("--"), let value = rest.popFirst() else { throw ProofFailure(Options.help) }
            values[String(key.dropFirst(2))] = value
        }
        func number(_ key: String, _ text: String) throws -> UInt64 {
            guard let number = UInt64(text) else { throw ProofFailure("--\(key) must be a whole number") }
            return number
        }
        if let text = values.removeValue(forKey: "rounds") { rounds = Int(clamping: try number("rounds", text)) }
        if let text = values.removeValue(forKey: "seed") { seed = try number("seed", text) }
        if let text = values.removeValue(forKey: "round") { only = Int(clamping: try number("round", text)) }
        commit = values.removeValue(forKey: "commit") ?? ""
        json = values.removeValue(forKey: "json")
        guard let launcher = values.removeValue(forKey: "launcher"), let guests = values.removeValue(forKey: "guests"),
            let scratch = values.removeValue(forKey: "scratch"), values.isEmpty
        else { throw ProofFailure(Options.help) }
        stage = Stage(launcher: launcher, guests: guests, scratch: scratch)
    }

    static let help =
        "usage: prove-driver NAME --launcher FILE --guests DIR --scratch DIR"
        + " [--rounds N] [--seed N] [--round N] [--commit TEXT] [--json FILE]"
}
