// SPDX-License-Identifier: Apache-2.0

/// Collects the fields of one record.
public struct RecordEncoder {
    private var names: [String] = []
    private var values: [RecordValue] = []

    init() {}

    /// Adds the field `name`; each name is put once.
    public mutating func put(_ name: String, _ value: some RecordField) {
        precondition(RecordShape.isName(name.utf8), "\(name) cannot name a field")
        precondition(!names.contains(name), "The field \(name) is put twice")
        names.append(name)
        values.append(value.recordValue)
    }

    consuming func finish(name: String, version: UInt16) -> RecordObject {
        precondition(RecordShape.isName(name.utf8), "\(name) cannot name a record")
        return RecordObject(shape: RecordShape(name: name, version: version, fields: names), values: values)
    }
}
