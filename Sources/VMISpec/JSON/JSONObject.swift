// SPDX-License-Identifier: Apache-2.0

/// A JSON object: members with unique keys, in the order they were written.
public struct JSONObject: Hashable, Sendable {
    /// The keys, in order.
    public private(set) var keys: [String] = []

    private var values: [String: JSONValue] = [:]

    /// An object without members.
    public init() {}

    /// The value of a member; setting nil removes it, setting a new key appends it.
    public subscript(key: String) -> JSONValue? {
        get { values[key] }
        set {
            if let newValue {
                if values.updateValue(newValue, forKey: key) == nil {
                    keys.append(key)
                }
            } else if values.removeValue(forKey: key) != nil {
                keys.removeAll { $0 == key }
            }
        }
    }

    /// The number of members.
    public var count: Int { keys.count }

    /// True when there is no member.
    public var isEmpty: Bool { keys.isEmpty }

    /// Two objects are equal when they have the same members, in whichever order.
    public static func == (left: JSONObject, right: JSONObject) -> Bool {
        left.values == right.values
    }

    /// Hashes the members without regard to their order.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(values)
    }
}
