// SPDX-License-Identifier: Apache-2.0

import VMISpec

/// What a guest says, cut down to what can be shown: it chooses these words as it likes.
enum GuestText {
    /// Most bytes of a name.
    static let mostBytes = 256

    /// The text without what steers a terminal or turns its direction, cut at a character's end.
    static func clean(_ text: String) -> String {
        var clean = ""
        for scalar in text.unicodeScalars {
            let fits: Unicode.Scalar =
                switch scalar.properties.generalCategory {
                case .control, .format, .lineSeparator, .paragraphSeparator: " "
                default: scalar
                }
            guard clean.utf8.count + UTF8.width(fits) <= mostBytes else { break }
            clean.unicodeScalars.append(fits)
        }
        return clean
    }
}

extension JSONValue {
    /// A member's text, cleaned; nil where there is none.
    func text(_ key: String) -> String? { self[key]?.stringValue.map(GuestText.clean) }

    /// A member's number that is not negative; nil where there is none.
    func count(_ key: String) -> UInt64? { self[key]?.integerValue.flatMap { UInt64(exactly: $0) } }

    /// A member's list, at most `limit` elements of it; empty where there is none.
    func list(_ key: String, limit: Int) -> [JSONValue] {
        guard case .array(let elements)? = self[key] else { return [] }
        return Array(elements.prefix(limit))
    }

    /// A fraction.
    var doubleValue: Double? {
        guard case .number(let number) = self, let value = Double(number.text), value.isFinite else { return nil }
        return value
    }
}
