// SPDX-License-Identifier: Apache-2.0

/// A JSON number, kept as it was written, so that no digit is lost (RFC 8259 §6).
public struct JSONNumber: Hashable, Sendable {
    /// The number as JSON writes it, such as `-12`, `0.5` or `1e3`.
    public let text: String

    /// The value, when the text is a plain integer that 64 signed bits hold; nil otherwise.
    public let integer: Int64?

    /// An integer.
    public init(_ value: Int64) {
        text = String(value)
        integer = value
    }

    /// An integer without sign, as counters are.
    public init(_ value: UInt64) {
        text = String(value)
        integer = Int64(exactly: value)
    }

    /// A fraction, written with the fewest digits that give it back.
    ///
    /// Returns nil for infinities and NaN, which JSON has no words for.
    public init?(_ value: Double) {
        guard value.isFinite else { return nil }
        if let whole = Int64(exactly: value) {
            self.init(whole)
        } else {
            self.init(grammatical: value.description)
        }
    }

    /// A number from text that the parser has found to be of JSON's grammar.
    init(grammatical text: String) {
        self.text = text
        integer = Int64(text)
    }
}
