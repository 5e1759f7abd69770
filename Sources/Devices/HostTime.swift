// SPDX-License-Identifier: Apache-2.0

internal import Linux

/// The host kernel's clocks.
public struct HostTime: TimeSource {
    /// The host's time.
    public init() {}
    /// CLOCK_MONOTONIC in nanoseconds.
    public var monotonic: UInt64 { Clock.monotonic }
    /// CLOCK_REALTIME in nanoseconds.
    public var realtime: UInt64 { Clock.realtime }
}
