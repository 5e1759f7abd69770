// SPDX-License-Identifier: Apache-2.0

internal import Linux
public import Sandbox

extension SystemCallFilter {
    /// A disk's thread: it moves data between guest memory and the one file it holds.
    public static let block = SystemCallFilter(
        name: "block",
        rules: SystemCallRule.everyThread
            + SystemCallRule.allow(
                "preadv", "pwritev", "pread64", "pwrite64", "fdatasync", "fsync", "fallocate", "ftruncate", "lseek",
                "fstat")
            + [.ioctl(StorageRequest.discard), .ioctl(StorageRequest.zeroOut), .ioctl(StorageRequest.size)]
            // fstat as glibc makes it: an empty path and AT_EMPTY_PATH.
            + [.allow("newfstatat", when: .is32(argument: 3, 0x1000))])
}
