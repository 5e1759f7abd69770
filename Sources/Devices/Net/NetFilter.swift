// SPDX-License-Identifier: Apache-2.0

internal import Linux
public import Sandbox

extension SystemCallFilter {
    /// An interface's thread: it moves frames between guest memory and the tap it holds, or has vhost do so.
    public static let net = SystemCallFilter(name: "net", rules: SystemCallRule.everyThread + calls + requests)

    private static let calls = SystemCallRule.allow("readv", "writev", "timerfd_settime")

    private static let requests: [SystemCallRule] = {
        let tap: [UInt] = [TapRequest.setOffload, TapRequest.setQueue, TapRequest.setFilter, TapRequest.setCarrier]
        return (tap + VhostRequest.rings + [VhostRequest.netBackend]).map { .ioctl($0) }
    }()
}
