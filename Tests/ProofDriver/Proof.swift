// SPDX-License-Identifier: Apache-2.0

/// Something Apus promises, tried again and again with other dice.
protocol Proof {
    /// The name on the command line.
    static var name: String { get }

    /// Prepares what all rounds share.
    /// - Throws: `ProofFailure`.
    init(_ stage: Stage) throws

    /// One round.
    /// - Throws: an error when a promise did not hold.
    mutating func round(_ dice: inout Dice) throws

    /// What all rounds together must hold.
    /// - Throws: `ProofFailure`.
    mutating func finish() throws

    /// What was done, counted.
    var figures: [Figure] { get }
}

extension Proof {
    mutating func finish() throws {}
}
