// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing
import VMISpec
import Yams

/// docs/openapi.yaml, and whether a value is as one of its schemas says.
struct OpenAPIDocument {
    let root: JSONValue

    init() throws {
        var path = "\(#filePath)"
        for _ in 0..<3 { path = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]) }
        let bytes = try FileDescriptor.open("\(path)/docs/openapi.yaml", O_RDONLY).readAll(limit: 1 << 20)
        let node = try #require(try Parser(yaml: String(decoding: bytes, as: UTF8.self)).singleRoot())
        root = Self.value(node)
    }

    private static func value(_ node: Node) -> JSONValue {
        switch node {
        case .mapping(let mapping):
            var object = JSONObject()
            for (key, member) in mapping { object[key.string ?? ""] = value(member) }
            return .object(object)
        case .sequence(let sequence): return .array(sequence.map(value))
        case .scalar(let scalar):
            // What is quoted is text, whatever it looks like.
            if scalar.style == .plain {
                if let flag = Bool.construct(from: scalar) { return .bool(flag) }
                if let number = Int64.construct(from: scalar) { return .integer(number) }
            }
            return .string(scalar.string)
        case .alias: return .null
        }
    }

    /// One response of one operation.
    struct Response: Hashable, CustomStringConvertible {
        let method: String
        let path: String
        let operation: String
        let status: Int
        var description: String { "\(operation) \(status)" }
    }

    /// Every response of every operation.
    var responses: [Response: JSONValue] {
        var all: [Response: JSONValue] = [:]
        for (path, item) in Self.members(root["paths"]) {
            for (method, operation) in Self.members(item) {
                for (status, response) in Self.members(operation["responses"]) {
                    let key = Response(
                        method: method.uppercased(), path: path,
                        operation: operation["operationId"]?.stringValue ?? "", status: Int(status) ?? 0)
                    all[key] = resolved(response)
                }
            }
        }
        return all
    }

    static func members(_ value: JSONValue?) -> [(String, JSONValue)] {
        guard case .object(let object)? = value else { return [] }
        return object.keys.compactMap { key in object[key].map { (key, $0) } }
    }

    private func resolved(_ value: JSONValue) -> JSONValue {
        guard let reference = value["$ref"]?.stringValue else { return value }
        return reference.split(separator: "/").dropFirst().reduce(root) { $0[String($1)] ?? .null }
    }

    /// What of a value is not as a schema says; the schema's words are those that docs/openapi.yaml uses.
    func problems(_ value: JSONValue, _ given: JSONValue, at path: String = "$") -> [String] {
        let schema = resolved(given)
        if value == .null {
            return schema["nullable"]?.boolValue == true || schema["type"] == nil ? [] : ["\(path) is null"]
        }
        if case .array(let choices)? = schema["enum"], !choices.contains(value) {
            return ["\(path): \(value.text()) is none of \(choices.map { $0.text() })"]
        }
        switch schema["type"]?.stringValue {
        case "object":
            guard case .object(let object) = value else { return ["\(path) is no object"] }
            return members(object, schema, path)
        case "array":
            guard case .array(let elements) = value else { return ["\(path) is no list"] }
            return elements.enumerated().flatMap { problems($1, schema["items"] ?? .null, at: "\(path)[\($0)]") }
        case "string":
            guard let text = value.stringValue else { return ["\(path) is no text"] }
            guard schema["format"]?.stringValue == "date-time" else { return [] }
            return text.firstMatch(of: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/) == nil
                ? ["\(path): \(text) is no time"] : []
        case "integer": return value.integerValue == nil ? ["\(path) is no whole number"] : []
        case "number":
            if case .number = value { return [] }
            return ["\(path) is no number"]
        case "boolean": return value.boolValue == nil ? ["\(path) is no truth value"] : []
        case nil: return []
        case let other?: return ["\(path): a schema of type \(other) is not understood here"]
        }
    }

    private func members(_ object: JSONObject, _ schema: JSONValue, _ path: String) -> [String] {
        var found: [String] = []
        if case .array(let required)? = schema["required"] {
            for name in required.compactMap(\.stringValue) where object[name] == nil {
                found.append("\(path).\(name) is missing")
            }
        }
        for key in object.keys {
            if let member = schema["properties"]?[key] {
                found += problems(object[key] ?? .null, member, at: "\(path).\(key)")
            } else if schema["additionalProperties"]?.boolValue == false {
                found.append("\(path).\(key) is not in the schema")
            }
        }
        return found
    }
}
