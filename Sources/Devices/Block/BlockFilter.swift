// SPDX-License-Identifier: Apache-2.0

internal import Linux
public import Sandbox

extension SystemCallFilter {
    /// A thread that moves data between guest memory and the files it holds: a disk's, or one of its pool's.
    public static let block = SystemCallFilter(name: "block", rules: transfers)

    /// The same for a thread with an io_uring, which it may enable, register with itself and enter; what goes through the
    /// ring was settled before (`IORing`).
    public var withRing: SystemCallFilter {
        SystemCallFilter(
            name: name,
            rules: rules
                + [
                    .allow("io_uring_enter"),
                    .allow("io_uring_register", when: .is32(argument: 1, SystemCallFilter.enableRings)),
                    .allow("io_uring_register", when: .is32(argument: 1, SystemCallFilter.registerRing)),
                ], hottest: "io_uring_enter")
    }

    private static let transfers =
        SystemCallRule.everyThread
        + SystemCallRule.allow(
            "preadv", "pwritev", "pwritev2", "pread64", "pwrite64", "fdatasync", "fsync", "fallocate", "ftruncate",
            "lseek",
            "fstat",
            // A disk with limits waits by a timer.
            "timerfd_settime")
        + [.ioctl(StorageRequest.discard), .ioctl(StorageRequest.zeroOut), .ioctl(StorageRequest.size)]
        // Whoever closes a disk's file last unlocks it.
        + [.allow("fcntl", when: .is32(argument: 1, StorageRequest.setLock))]
        // fstat as glibc makes it: an empty path and AT_EMPTY_PATH.
        + [.allow("newfstatat", when: .is32(argument: 3, 0x1000))]

    // IORING_REGISTER_ENABLE_RINGS and IORING_REGISTER_RING_FDS.
    private static let enableRings: UInt32 = 12
    private static let registerRing: UInt32 = 20
}
