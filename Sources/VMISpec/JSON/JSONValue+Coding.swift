// SPDX-License-Identifier: Apache-2.0

extension JSONValue {
    /// Parses one JSON document.
    ///
    /// Strict: UTF-8 without byte order mark, no trailing text, no key twice in one object, numbers kept exactly.
    /// - Throws: `JSONSyntaxError` at the first byte that does not fit, or where a limit is reached.
    public init(parsing bytes: [UInt8], limits: JSONLimits = .manifest) throws(JSONSyntaxError) {
        var parser = JSONParser(bytes, limits: limits)
        self = try parser.document()
    }

    /// Writes the value as JSON text: the same value with the same order of members gives the same bytes.
    ///
    /// - Parameters:
    ///   - indentation: spaces a level, or nil for one line without spaces.
    ///   - sortedKeys: writes members by their keys' UTF-8 order rather than as they stand.
    public func encoded(indentation: Int? = nil, sortedKeys: Bool = false) -> [UInt8] {
        var writer = JSONWriter(indentation: indentation, sortedKeys: sortedKeys)
        writer.write(self, level: 0)
        return writer.output
    }

    /// The value as JSON text; see `encoded(indentation:sortedKeys:)`.
    public func text(indentation: Int? = nil, sortedKeys: Bool = false) -> String {
        String(decoding: encoded(indentation: indentation, sortedKeys: sortedKeys), as: UTF8.self)
    }
}
