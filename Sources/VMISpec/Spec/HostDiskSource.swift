// SPDX-License-Identifier: Apache-2.0

/// A disk image in a file of the host.
public struct HostDiskSource: Hashable, Sendable {
    /// Whether the file has to be there.
    public enum Kind: String, CaseIterable, Hashable, Sendable {
        /// It has to be there.
        case existing = "Disk"
        /// It is made, with the capacity given, if it is not there.
        case existingOrCreated = "DiskOrCreate"
    }

    /// The file's path on the host.
    public var path: String
    /// Whether the file has to be there.
    public var kind: Kind
    /// The size of a file that is made, in bytes.
    public var capacity: Quantity?
    /// The file is the same on every host.
    public var isShared: Bool

    init(_ reader: ObjectReader) {
        path = reader.requiredString("path", "give the path of the disk image on this host")
        if path.utf8.contains(0) {
            reader.report.refuse(reader.path.child("path"), "must not contain a NUL character")
        } else if !path.isEmpty, !path.hasPrefix("/") {
            reader.report.refuse(reader.path.child("path"), "must be an absolute path, starting with /")
        }
        if !reader.has("type") {
            reader.report.refuse(reader.path.child("type"), "is required; use Disk or DiskOrCreate")
        }
        kind = reader.choice("type", Kind.self) ?? .existing
        capacity = reader.quantity("capacity")
        isShared = reader.bool("shared") ?? false
        let field = reader.path.child("capacity")
        switch (kind, capacity) {
        case (.existing, .some(let capacity)) where !capacity.isZero:
            reader.report.refuse(field, "is allowed only with type DiskOrCreate; remove it or change the type")
        case (.existingOrCreated, nil):
            reader.report.refuse(field, "is required with type DiskOrCreate; give the size of the disk, such as 10Gi")
        case (.existingOrCreated, .some(let capacity)) where capacity.value < 1 << 20:
            reader.report.refuse(field, "must be at least 1Mi")
        default: break
        }
    }
}
