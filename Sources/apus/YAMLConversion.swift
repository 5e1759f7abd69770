// SPDX-License-Identifier: Apache-2.0

import Supervisor
import VMISpec
import Yams

/// Turns a YAML document into the JSON value that Kubernetes' tools would send for it.
///
/// Anchors, aliases and merge keys work; what they expand to is counted against the limits of a manifest. Tags other
/// than those of JSON's own types are refused.
struct YAMLConversion {
    /// The file's name, for errors.
    let name: String
    private let limits = JSONLimits.manifest
    private var values = 0
    private var bytes = 0

    init(name: String) { self.name = name }

    /// The value of a node.
    /// - Throws: `SupervisorError` that names the file and the line.
    mutating func value(_ node: Node, depth: Int) throws(SupervisorError) -> JSONValue {
        values += 1
        guard values <= limits.values, bytes <= limits.bytes else {
            throw failure(node, "the document grows beyond the limits of a manifest; write fewer aliases")
        }
        guard depth <= limits.depth else { throw failure(node, "the document is nested too deeply") }
        switch node {
        case .scalar(let scalar):
            bytes += scalar.string.utf8.count
            return try self.scalar(node, scalar)
        case .sequence(let sequence):
            try requireTag(node, .seq)
            var elements: [JSONValue] = []
            for element in sequence { elements.append(try value(element, depth: depth + 1)) }
            return .array(elements)
        case .mapping(let mapping):
            try requireTag(node, .map)
            return .object(try object(mapping, depth: depth))
        case .alias:
            throw failure(node, "an alias stands for nothing")
        }
    }

    private mutating func object(_ mapping: Node.Mapping, depth: Int) throws(SupervisorError) -> JSONObject {
        var object = JSONObject()
        var merged: [Node] = []
        for (key, member) in mapping {
            guard case .scalar(let scalar) = key else { throw failure(key, "a key must be a plain word") }
            if tag(of: key) == .merge {
                merged.append(member)
                continue
            }
            bytes += scalar.string.utf8.count
            guard object[scalar.string] == nil else { throw failure(key, "the same key is given twice") }
            object[scalar.string] = try value(member, depth: depth + 1)
        }
        for node in merged {
            let sources: [Node] = if case .sequence(let sequence) = node { Array(sequence) } else { [node] }
            for source in sources {
                guard case .mapping(let mapping) = source else { throw failure(source, "only objects can be merged") }
                let other = try self.object(mapping, depth: depth + 1)
                values += other.count
                for key in other.keys where object[key] == nil { object[key] = other[key] }
            }
        }
        return object
    }

    private func scalar(_ node: Node, _ scalar: Node.Scalar) throws(SupervisorError) -> JSONValue {
        switch tag(of: node) {
        case .str, .timestamp, .value, .merge: return .string(scalar.string)
        case .null: return .null
        case .bool:
            guard let value = Bool.construct(from: scalar) else { throw failure(node, "is no boolean") }
            return .bool(value)
        case .int:
            if let value = Int64.construct(from: scalar) { return .integer(value) }
            if let value = UInt64.construct(from: scalar) { return .number(JSONNumber(value)) }
            throw failure(node, "\(scalar.string.prefix(40)) is a number too large to be meant; write it in quotes")
        case .float:
            guard let value = Double.construct(from: scalar), let number = JSONNumber(value) else {
                throw failure(node, "\(scalar.string.prefix(40)) is no number of JSON; write it in quotes")
            }
            return .number(number)
        default: throw failure(node, "the tag \(node.tag.description) is not supported; remove it")
        }
    }

    private func requireTag(_ node: Node, _ expected: Tag.Name) throws(SupervisorError) {
        guard tag(of: node) == expected else {
            throw failure(node, "the tag \(node.tag.description) is not supported; remove it")
        }
    }

    private func tag(of node: Node) -> Tag.Name { Tag.Name(rawValue: node.tag.description) }

    private func failure(_ node: Node, _ message: String) -> SupervisorError {
        SupervisorError("\(name):\(node.mark?.line ?? 1): \(message)")
    }
}
