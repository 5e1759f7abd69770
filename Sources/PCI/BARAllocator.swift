// SPDX-License-Identifier: Apache-2.0

/// Places BARs as firmware would, each aligned to its size, one after the other.
public struct BARAllocator: Sendable {
    private var next: UInt64
    private let end: UInt64

    /// An allocator over a window of guest-physical addresses.
    public init(window: Range<UInt64>) {
        next = window.lowerBound
        end = window.upperBound
    }

    /// The next free place for a BAR, or nil when the window is full.
    public mutating func allocate(_ bar: BAR) -> UInt64? {
        let (sum, overflow) = next.addingReportingOverflow(bar.bytes - 1)
        guard !overflow else { return nil }
        let start = sum & ~(bar.bytes - 1)
        guard start < end, end - start >= bar.bytes else { return nil }
        next = start + bar.bytes
        return start
    }
}
