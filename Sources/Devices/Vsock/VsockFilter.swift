// SPDX-License-Identifier: Apache-2.0

internal import Linux
public import Sandbox

extension SystemCallFilter {
    /// A socket device's thread: it starts and stops the kernel's rings, and writes events.
    public static let vsock = SystemCallFilter(
        name: "vsock",
        rules: SystemCallRule.everyThread + (VhostRequest.rings + [VhostRequest.vsockRunning]).map { .ioctl($0) })
}
