// SPDX-License-Identifier: Apache-2.0

/// A promise that did not hold, in one line.
struct ProofFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
