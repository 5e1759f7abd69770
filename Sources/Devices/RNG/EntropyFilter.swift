// SPDX-License-Identifier: Apache-2.0

public import Sandbox

extension SystemCallFilter {
    /// The entropy device's thread: getrandom, and reading the one source it may hold, are what every thread may do.
    public static let entropy = SystemCallFilter(name: "rng", rules: SystemCallRule.everyThread)
}
