// SPDX-License-Identifier: Apache-2.0

/// One JSON value, with exact numbers and objects that keep the order of their members (RFC 8259 §3).
public enum JSONValue: Hashable, Sendable {
    case null
    case bool(Bool)
    case number(JSONNumber)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)

    /// An integer value.
    public static func integer(_ value: Int64) -> JSONValue {
        .number(JSONNumber(value))
    }

    /// An object with the given members, in this order; of members with one key the last is kept.
    public static func object(_ members: KeyValuePairs<String, JSONValue>) -> JSONValue {
        var object = JSONObject()
        for (key, value) in members {
            object[key] = value
        }
        return .object(object)
    }

    /// The object's member of this name; nil where there is none or this is no object.
    public subscript(key: String) -> JSONValue? {
        guard case .object(let object) = self else { return nil }
        return object[key]
    }

    /// The array's element; nil where there is none or this is no array.
    public subscript(index: Int) -> JSONValue? {
        guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
        return elements[index]
    }

    /// The string, if this is one.
    public var stringValue: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    /// The integer, if this is a number that is exactly one of 64 bits.
    public var integerValue: Int64? {
        guard case .number(let number) = self else { return nil }
        return number.integer
    }

    /// The boolean, if this is one.
    public var boolValue: Bool? {
        guard case .bool(let value) = self else { return nil }
        return value
    }

    /// What a person calls this kind of value: "a string", "an object".
    public var kindName: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .number: "a number"
        case .string: "a string"
        case .array: "a list"
        case .object: "an object"
        }
    }

    /// True for a value that asks for nothing: null, false, 0, an empty string or list, as Go's `omitempty` has it.
    ///
    /// An empty object is not among them: `tpm: {}` turns a device on.
    public var asksForNothing: Bool {
        switch self {
        case .null, .bool(false): true
        case .string(let text): text.isEmpty
        case .array(let elements): elements.isEmpty
        case .number(let number): number.integer == 0
        case .bool, .object: false
        }
    }
}
