// SPDX-License-Identifier: Apache-2.0

/// A flag that makes no sense.
struct FlagError: Error, CustomStringConvertible {
    let flag: String
    let rule: String

    init(_ flag: String, _ rule: String) {
        self.flag = flag
        self.rule = rule
    }

    var description: String { "\(flag): \(rule)" }
}
