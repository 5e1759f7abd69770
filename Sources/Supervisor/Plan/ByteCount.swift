// SPDX-License-Identifier: Apache-2.0

/// A number of bytes as people write it: 256Mi, 1Gi, 1.5Gi.
public struct ByteCount: CustomStringConvertible, Sendable {
    /// The number.
    public let bytes: UInt64

    /// A number of bytes.
    public init(_ bytes: UInt64) { self.bytes = bytes }

    /// Rounded to one decimal of the greatest unit that fits.
    public var description: String {
        let units = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"]
        var unit = 0
        while unit + 1 < units.count, bytes >> (10 * UInt64(unit + 1)) > 0 { unit += 1 }
        let whole = bytes >> (10 * UInt64(unit))
        guard unit > 0 else { return "\(whole)" }
        let rest = bytes >> (10 * UInt64(unit - 1)) & 1023
        let tenth = rest * 10 / 1024
        return tenth == 0 ? "\(whole)\(units[unit])" : "\(whole).\(tenth)\(units[unit])"
    }
}
