// SPDX-License-Identifier: Apache-2.0

public import Sandbox

extension SystemCallFilter {
    /// The console's thread: it takes clients and moves bytes.
    public static let console = SystemCallFilter(
        name: "console",
        rules: SystemCallRule.everyThread + SystemCallRule.allow("accept4"))
}
