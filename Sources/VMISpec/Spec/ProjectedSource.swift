// SPDX-License-Identifier: Apache-2.0

/// A ConfigMap or a Secret shown as a disk.
public struct ProjectedSource: Hashable, Sendable {
    /// The object's name.
    public var name: String
    /// The object need not be there.
    public var isOptional: Bool
    /// The disk's label.
    public var volumeLabel: String?

    init(_ reader: ObjectReader, nameKey: String) {
        name = reader.requiredString(nameKey, "name the object")
        isOptional = reader.bool("optional") ?? false
        volumeLabel = reader.string("volumeLabel")
    }
}
