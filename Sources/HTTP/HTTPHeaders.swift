// SPDX-License-Identifier: Apache-2.0

/// Header fields in the order they were sent, RFC 9110 §5.
public struct HTTPHeaders: Equatable, Sendable, ExpressibleByDictionaryLiteral {
    /// Names as they were written, with their values.
    public private(set) var fields: [(name: String, value: String)] = []

    /// The given fields.
    public init(dictionaryLiteral elements: (String, String)...) {
        for (name, value) in elements { add(name, value) }
    }

    /// Adds a field behind the others.
    public mutating func add(_ name: String, _ value: String) { fields.append((name, value)) }

    /// The values of every field of this name, whatever its case.
    public func all(_ name: String) -> [String] {
        let wanted = name.lowercased()
        return fields.filter { $0.name.lowercased() == wanted }.map(\.value)
    }

    /// The value of the only field of this name; nil when there is none or several.
    public subscript(name: String) -> String? {
        let values = all(name)
        return values.count == 1 ? values[0] : nil
    }

    /// Whether a field's comma-separated list has this word, whatever its case.
    public func lists(_ word: String, in name: String) -> Bool {
        all(name).contains { value in
            value.split(separator: ",").contains { Self.trimmed($0).lowercased() == word.lowercased() }
        }
    }

    private static func trimmed(_ text: Substring) -> Substring {
        let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        let start = text.drop(while: isBlank)
        let end = start.lastIndex { !isBlank($0) }.map { start.index(after: $0) } ?? start.startIndex
        return start[..<end]
    }

    /// Two are equal when they have the same fields in the same order.
    public static func == (left: HTTPHeaders, right: HTTPHeaders) -> Bool {
        left.fields.elementsEqual(right.fields) { $0.name == $1.name && $0.value == $1.value }
    }
}
