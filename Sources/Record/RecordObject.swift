// SPDX-License-Identifier: Apache-2.0

/// A record's shape together with its values.
public struct RecordObject: Sendable, Equatable {
    /// Name, version and field names.
    public let shape: RecordShape
    /// One value a field, in the order of `shape.fields`.
    public let values: [RecordValue]

    init(shape: RecordShape, values: [RecordValue]) {
        self.shape = shape
        self.values = values
    }

    /// The value of the field `name`, or nil when there is none.
    public subscript(name: String) -> RecordValue? {
        shape.fields.firstIndex(of: name).map { values[$0] }
    }
}
