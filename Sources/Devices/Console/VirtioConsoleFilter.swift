// SPDX-License-Identifier: Apache-2.0

public import Sandbox

extension SystemCallFilter {
    /// The thread of a console's ports: it takes connections and moves bytes between them and guest memory.
    public static let virtioConsole = SystemCallFilter(
        name: "ports", rules: SystemCallRule.everyThread + SystemCallRule.allow("accept4"))
}
