// SPDX-License-Identifier: Apache-2.0

extension UInt64 {
    /// The sum, or the greatest number where it would overflow.
    func addingSaturated(_ other: UInt64) -> UInt64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }

    /// Rounded up to a multiple of a power of two, or nil where that overflows.
    func roundedUp(to alignment: UInt64) -> UInt64? {
        let (sum, overflow) = addingReportingOverflow(alignment &- 1)
        return overflow ? nil : sum & ~(alignment &- 1)
    }
}
