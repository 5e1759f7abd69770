// SPDX-License-Identifier: Apache-2.0

internal import CLinux

/// Readings of the kernel's clocks in nanoseconds.
public enum Clock {
    /// Nanoseconds since an arbitrary start; never goes back.
    public static var monotonic: UInt64 { clinux_now_ns(CLOCK_MONOTONIC) }
    /// Nanoseconds since 1970-01-01 UTC.
    public static var realtime: UInt64 { clinux_now_ns(CLOCK_REALTIME) }
}
