// SPDX-License-Identifier: Apache-2.0

/// Why a text is not a quantity.
public enum QuantityError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The text is outside the grammar; the words complete "the quantity …".
    case malformed(String)
    /// The number is followed by something that is no suffix.
    case suffix(String)
    /// The amount is beyond 2^63 - 1.
    case tooLarge

    /// What is wrong and what would be right, to follow a field's path.
    public var description: String {
        switch self {
        case .malformed(let what): "the quantity \(what); write a number with an optional suffix, such as 512Mi"
        case .suffix(let suffix):
            "unknown suffix \(printable(suffix)); \(Self.remedy(suffix))"
        case .tooLarge: "the quantity is too large; at most 9223372036854775807 can be asked for"
        }
    }

    private static func remedy(_ suffix: String) -> String {
        let known = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "k"]
        let lower = suffix.lowercased()
        for candidate in known where [candidate, candidate + "b"].contains(where: { $0.lowercased() == lower }) {
            return "did you mean \(printable(candidate))?"
        }
        if lower.hasSuffix("b"), let candidate = known.first(where: { $0.lowercased() == lower.dropLast() + "i" }) {
            return "did you mean \(printable(candidate))?"
        }
        return "use one of Ki, Mi, Gi, Ti, Pi, Ei, n, u, m, k, M, G, T, P, E"
    }
}
