// SPDX-License-Identifier: Apache-2.0

/// Where a field stands, twice: as its writer sees it, and as the API's schema names it.
struct FieldPath: Hashable {
    /// With indices and within the document, as `spec.template.spec.domain.devices.disks[0]`.
    let shown: String

    /// Without indices and within an instance, as `spec.domain.devices.disks[]`; the key into `Support`.
    let schema: String

    /// The document itself.
    static let root = FieldPath(shown: "", schema: "")

    func child(_ key: String) -> FieldPath {
        let name = Self.isPlain(key) ? key : "[\(printable(key))]"
        return FieldPath(shown: Self.join(shown, name), schema: Self.join(schema, key))
    }

    /// Another field of the same object.
    func sibling(_ key: String) -> FieldPath {
        func parent(_ path: String) -> String {
            path.lastIndex(of: ".").map { String(path[..<$0]) } ?? ""
        }
        return FieldPath(shown: parent(shown), schema: parent(schema)).child(key)
    }

    subscript(index: Int) -> FieldPath {
        FieldPath(shown: "\(shown)[\(index)]", schema: "\(schema)[]")
    }

    /// A place shown as it is but looked up as another: a virtual machine's template holds an instance.
    func `as`(schema: String) -> FieldPath {
        FieldPath(shown: shown, schema: schema)
    }

    private static func join(_ parent: String, _ name: String) -> String {
        parent.isEmpty || name.hasPrefix("[") ? parent + name : "\(parent).\(name)"
    }

    private static func isPlain(_ key: String) -> Bool {
        !key.isEmpty && key.utf8.count <= 63
            && key.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }
}
