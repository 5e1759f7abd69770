// SPDX-License-Identifier: Apache-2.0

import Glibc
internal import KVM
internal import Linux
public import Sandbox

extension SystemCallFilter {
    /// A vCPU's thread: it runs the guest, and wires interrupts and doorbells as the guest programs them.
    public static let vcpu = SystemCallFilter(
        name: "vcpu",
        rules: SystemCallRule.everyThread
            + KVMRequest.onVCPUThreads.map { SystemCallRule.ioctl($0) }
            + SystemCallRule.allow("timerfd_settime")
            + [kick],
        hottest: "ioctl")

    /// The launcher's main thread: control, timers, pause, reset and state of the machine.
    public static let main = SystemCallFilter(
        name: "main",
        rules: SystemCallRule.everyThread
            + KVMRequest.onMainThread.map { SystemCallRule.ioctl($0) }
            + SystemCallRule.allow("timerfd_settime", "recvmsg", "sendmsg", "pread64", "fstat")
            + diskFiles
            // A terminal in raw mode is put back at the end.
            + TerminalRequest.restore.map { SystemCallRule.ioctl($0) }
            // fstat of an open descriptor, as glibc makes it: an empty path and AT_EMPTY_PATH.
            + [.allow("newfstatat", when: .is32(argument: 3, 0x1000))]
            + [kick])

    /// Files of disks that come later: their size, blocks, flags, alignment and lock, whether holes can be punched, and a
    /// timer for their limits. The tables of images: read when one comes, written when the machine pauses
    /// or ends and when a disk grows.
    private static let diskFiles =
        SystemCallRule.allow(
            "statx", "lseek", "timerfd_create", "epoll_create1", "preadv", "pwritev", "pwritev2", "fdatasync",
            "ftruncate", "pwrite64")
        + StorageRequest.examining.map { SystemCallRule.ioctl($0) }
        + [
            .allow("fallocate", when: .is32(argument: 1, StorageRequest.punchHole)),
            .allow("fcntl", when: .is32(argument: 1, UInt32(F_GETFL))),
            .allow("fcntl", when: .is32(argument: 1, UInt32(F_SETFL))),
            .allow("fcntl", when: .is32(argument: 1, StorageRequest.duplicate)),
            .allow("fcntl", when: .is32(argument: 1, StorageRequest.setLock)),
            .allow("fcntl", when: .is32(argument: 1, StorageRequest.seeLock)),
        ]

    /// The signal that takes vCPUs out of the guest.
    private static let kick = SystemCallRule.signal(OSThread.kickSignal)
}
