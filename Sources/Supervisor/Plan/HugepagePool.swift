// SPDX-License-Identifier: Apache-2.0

/// The host's pool of huge pages of one size.
public struct HugepagePool: Equatable, Sendable {
    /// Pages in the pool.
    public var total: UInt64
    /// Pages that nobody uses or has reserved.
    public var available: UInt64

    /// A pool.
    public init(total: UInt64, available: UInt64) {
        self.total = total
        self.available = available
    }
}
