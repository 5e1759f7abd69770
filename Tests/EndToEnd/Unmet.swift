// SPDX-License-Identifier: Apache-2.0

/// An expectation of the machinery around the tests that did not hold.
struct Unmet: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
