// SPDX-License-Identifier: Apache-2.0

/// What Kubernetes knows an object by.
public struct ObjectMeta: Hashable, Sendable {
    /// The name, a DNS subdomain of at most 253 characters.
    public var name: String

    /// The namespace, `default` where none is given.
    public var namespace: String

    /// The cluster's identity of this very object, if it has been through a cluster.
    public var uid: String?

    /// Labels, kept and reported.
    public var labels: [String: String]

    /// Annotations, kept and reported.
    public var annotations: [String: String]

    init(_ reader: ObjectReader) {
        name = reader.string("name") ?? ""
        namespace = reader.string("namespace") ?? "default"
        uid = reader.string("uid")
        labels = reader.stringMap("labels")
        annotations = reader.stringMap("annotations")
        if !DNSName.isLabel(namespace) {
            reader.report.refuse(
                reader.path.child("namespace"), "\(printable(namespace)) is no DNS label; \(Self.labelRule)")
        }
        if let uid, uid.utf8.count > 63 || !DNSName.isLabel(uid.lowercased()) {
            reader.report.refuse(reader.path.child("uid"), "is not one that a cluster gives; remove the field")
        }
        for annotation in annotations.keys.sorted() where Support.refusedAnnotations[annotation] != nil {
            let message = Support.refusedAnnotations[annotation] ?? ""
            reader.report.refuse(reader.path.child("annotations").child(annotation), message)
        }
    }

    init(name: String, namespace: String, uid: String?, labels: [String: String], annotations: [String: String]) {
        self.name = name
        self.namespace = namespace
        self.uid = uid
        self.labels = labels
        self.annotations = annotations
    }

    /// Reports a name that Kubernetes would not take; a template has none.
    func requireName(at path: FieldPath, report: Report) {
        let field = path.child("name")
        if name.isEmpty {
            report.refuse(field, "is required; give the machine a name")
        } else if !DNSName.isSubdomain(name) {
            report.refuse(
                field,
                "\(printable(name)) is no DNS name; use lower-case letters, digits, '-' and '.', starting and ending with a letter or digit"
            )
        }
    }

    static let labelRule =
        "use at most 63 lower-case letters, digits and '-', starting and ending with a letter or digit"
}
