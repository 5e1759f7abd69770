// SPDX-License-Identifier: Apache-2.0

public import Sandbox

extension SystemCallFilter {
    /// The balloon's thread: giving memory back by madvise is what every thread may do; it also sets its timer.
    public static let balloon = SystemCallFilter(
        name: "balloon", rules: SystemCallRule.everyThread + SystemCallRule.allow("timerfd_settime"))
}
