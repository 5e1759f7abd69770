// SPDX-License-Identifier: Apache-2.0

/// An amount as Kubernetes writes it: a decimal number with a binary suffix (`Ki` to `Ei`), a decimal one (`n` to `E`),
/// or an exponent (`e3`).
///
/// The value is exact down to a billionth; smaller parts are rounded away from zero, as Kubernetes does
/// (k8s.io/apimachinery/pkg/api/resource). Amounts beyond a signed 64-bit integer are refused.
public struct Quantity: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// How the amount was written, and so how its canonical text is written.
    public enum Format: Hashable, Sendable {
        case binary
        case decimal
        case exponent
    }

    /// The amount in billionths.
    public let nanos: Int128

    /// How the amount was written.
    public let format: Format

    init(nanos: Int128, format: Format) {
        self.nanos = nanos
        self.format = format
    }

    /// A whole amount.
    public init(_ value: Int64, format: Format = .decimal) {
        self.init(nanos: Int128(value) * Self.one, format: format)
    }

    /// The amount as a whole number, a fraction rounded away from zero: `500m` is 1 (Quantity.Value of Kubernetes).
    public var value: Int64 { scaled(to: Self.one) }

    /// The amount in thousandths, smaller parts rounded away from zero; nil beyond 64 bits.
    public var milliValue: Int64? {
        let scaled = Self.roundedAway(nanos, by: Self.one / 1000)
        return Int64(exactly: scaled)
    }

    /// True when the amount has no fraction.
    public var isWhole: Bool { nanos % Self.one == 0 }

    /// True when the amount is nothing.
    public var isZero: Bool { nanos == 0 }

    /// Orders by amount, whatever the format.
    public static func < (left: Quantity, right: Quantity) -> Bool { left.nanos < right.nanos }

    /// Equal amounts are equal, whatever the format.
    public static func == (left: Quantity, right: Quantity) -> Bool { left.nanos == right.nanos }

    /// Hashes the amount only.
    public func hash(into hasher: inout Hasher) { hasher.combine(nanos) }

    /// Billionths in one.
    static let one: Int128 = 1_000_000_000

    private func scaled(to unit: Int128) -> Int64 {
        // The parser keeps every amount within Int64, so the clamp only serves amounts made by arithmetic.
        Int64(clamping: Self.roundedAway(nanos, by: unit))
    }

    private static func roundedAway(_ nanos: Int128, by unit: Int128) -> Int128 {
        let (quotient, remainder) = nanos.quotientAndRemainder(dividingBy: unit)
        return remainder == 0 ? quotient : quotient + remainder.signum()
    }

    /// The canonical text: the largest suffix that leaves a whole number, as Kubernetes prints it.
    public var description: String {
        guard nanos != 0 else { return "0" }
        if format == .binary, nanos.magnitude >= UInt128(1024 * Self.one) {
            var whole = Int128(value)
            var suffix = 0
            while suffix < Self.binarySuffixes.count - 1, whole % 1024 == 0 {
                whole /= 1024
                suffix += 1
            }
            return "\(whole)\(Self.binarySuffixes[suffix])"
        }
        var digits = nanos
        var exponent = -9
        while digits % 1000 == 0, exponent < 18 {
            digits /= 1000
            exponent += 3
        }
        if format == .exponent {
            return exponent == 0 ? "\(digits)" : "\(digits)e\(exponent)"
        }
        return "\(digits)\(Self.decimalSuffixes[(exponent + 9) / 3])"
    }

    static let binarySuffixes = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"]
    static let decimalSuffixes = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"]
}
