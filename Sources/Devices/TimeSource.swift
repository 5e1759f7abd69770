// SPDX-License-Identifier: Apache-2.0

/// Where devices take the time from.
public protocol TimeSource: Sendable {
    /// Nanoseconds since an arbitrary start; never goes back.
    var monotonic: UInt64 { get }
    /// Nanoseconds since 1970-01-01 UTC.
    var realtime: UInt64 { get }
}
