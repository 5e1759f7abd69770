// SPDX-License-Identifier: Apache-2.0

extension ObjectReader {
    /// An object, read by `read`, which need not care for unknown keys.
    func object<Value>(_ key: String, _ read: (ObjectReader) -> Value) -> Value? {
        guard let value = value(key) else { return nil }
        guard case .object(let member) = value else {
            mismatch(path.child(key), "an object", value)
            return nil
        }
        consult(key, value)
        return Self.read(member, at: path.child(key), report: report, read)
    }

    /// True when an object without any fields, as `bridge: {}`, is given.
    func marker(_ key: String) -> Bool {
        object(key) { _ in true } ?? false
    }

    /// A list of objects; an element that is none is reported and left out.
    func objects<Value>(_ key: String, _ read: (ObjectReader) -> Value) -> [Value] {
        list(key) { element, field in
            guard case .object(let member) = element else {
                self.mismatch(field, "an object", element)
                return nil
            }
            return Self.read(member, at: field, report: self.report, read)
        }
    }

    /// A list of strings.
    func strings(_ key: String) -> [String] {
        list(key) { element, field in
            guard case .string(let text) = element else {
                self.mismatch(field, "a string", element)
                return nil
            }
            return text
        }
    }

    /// A map of strings, as labels are.
    func stringMap(_ key: String) -> [String: String] {
        guard let value = value(key) else { return [:] }
        let field = path.child(key)
        guard case .object(let member) = value else {
            mismatch(field, "an object", value)
            return [:]
        }
        consult(key, value)
        var map: [String: String] = [:]
        for name in member.keys {
            switch member[name] {
            case .string(let text): map[name] = text
            case .null, nil: map[name] = ""
            case .some(let other): mismatch(field.child(name), "a string", other)
            }
        }
        return map
    }

    private func list<Value>(_ key: String, _ read: (JSONValue, FieldPath) -> Value?) -> [Value] {
        guard let value = value(key) else { return [] }
        let field = path.child(key)
        guard case .array(let elements) = value else {
            mismatch(field, "a list", value)
            return []
        }
        consult(key, value)
        return elements.enumerated().compactMap { index, element in read(element, field[index]) }
    }

    private static func read<Value>(
        _ object: JSONObject, at path: FieldPath, report: Report, _ read: (ObjectReader) -> Value
    ) -> Value {
        let reader = ObjectReader(object, at: path, report: report)
        let value = read(reader)
        reader.finish()
        return value
    }
}
