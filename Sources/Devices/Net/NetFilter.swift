// SPDX-License-Identifier: Apache-2.0

internal import Linux
public import Sandbox

extension SystemCallFilter {
    /// An interface's thread: it moves frames between guest memory and the one tap it holds.
    public static let net = SystemCallFilter(
        name: "net",
        rules: SystemCallRule.everyThread + SystemCallRule.allow("readv", "writev")
            + [.ioctl(TapRequest.setOffload)])
}
