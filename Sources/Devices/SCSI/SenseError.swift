// SPDX-License-Identifier: Apache-2.0

/// A command that ends with CHECK CONDITION.
struct SenseError: Error, Equatable {
    let sense: Sense
    init(_ sense: Sense) { self.sense = sense }
}
