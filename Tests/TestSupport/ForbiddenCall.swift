// SPDX-License-Identifier: Apache-2.0

internal import CTestSupport

/// A host that forbids what this one allows.
public enum ForbiddenCall {
    /// Makes io_uring_setup fail with `error` for the calling thread and those it starts, as a container's seccomp profile
    /// does; false when that cannot be done.
    public static func forbidIOURing(error: Int32) -> Bool { ctest_forbid(ctest_io_uring_setup(), error) == 0 }
}
