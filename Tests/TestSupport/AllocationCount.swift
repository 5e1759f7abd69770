// SPDX-License-Identifier: Apache-2.0

internal import CTestSupport

/// Heap allocations of the calling thread.
public enum AllocationCount {
    /// How many `body` makes.
    public static func during(_ body: () throws -> Void) rethrows -> Int {
        let before = ctest_allocations()
        try body()
        return ctest_allocations() - before
    }
}
