// SPDX-License-Identifier: Apache-2.0

extension VMIManifest {
    /// Reads a manifest in JSON: decodes it, applies KubeVirt's defaults and validates it.
    ///
    /// - Throws: `InvalidManifest` with every problem found.
    public static func parse(_ json: [UInt8]) throws(InvalidManifest) -> VMIManifest {
        let document: JSONValue
        do throws(JSONSyntaxError) {
            document = try JSONValue(parsing: json)
        } catch {
            throw InvalidManifest(problems: [Problem(path: "", message: "Not valid JSON: \(error)")])
        }
        return try parse(document)
    }

    /// Reads a manifest that was parsed already.
    ///
    /// - Throws: `InvalidManifest` with every problem found.
    public static func parse(_ document: JSONValue) throws(InvalidManifest) -> VMIManifest {
        guard case .object(let object) = document else {
            let message = "A manifest is an object with apiVersion, kind, metadata and spec, not \(document.kindName)"
            throw InvalidManifest(problems: [Problem(path: "", message: message)])
        }
        let report = Report()
        let reader = ObjectReader(object, at: .root, report: report)
        let (apiVersion, kind) = identity(of: reader)
        try report.verdict()
        let metadata = reader.object("metadata") { ObjectMeta($0) }
        let manifestMetadata =
            metadata ?? ObjectMeta(name: "", namespace: "default", uid: nil, labels: [:], annotations: [:])
        manifestMetadata.requireName(at: FieldPath.root.child("metadata"), report: report)
        var instance: VirtualMachineInstance?
        var runStrategy: RunStrategy?
        switch kind {
        case .virtualMachineInstance:
            let spec = reader.object("spec") { InstanceSpec($0) }
            instance = spec.map { VirtualMachineInstance(metadata: manifestMetadata, spec: $0) }
        case .virtualMachine:
            (instance, runStrategy) = machine(reader, metadata: manifestMetadata)
        }
        reader.finish()
        if !reader.has("spec") {
            report.refuse(FieldPath.root.child("spec"), "is required; describe the machine")
        }
        try report.verdict()
        guard let instance else {
            throw InvalidManifest(problems: [Problem(path: "spec", message: "is required; describe the machine")])
        }
        return VMIManifest(
            kind: kind, apiVersion: apiVersion, runStrategy: runStrategy, instance: instance, notes: report.notes)
    }

    private static func identity(of reader: ObjectReader) -> (apiVersion: String, kind: Kind) {
        let versions = apiVersions.joined(separator: " or ")
        let apiVersion = reader.requiredString("apiVersion", "write \(apiVersions[0])")
        let kindName = reader.requiredString("kind", "write VirtualMachineInstance or VirtualMachine")
        if !apiVersion.isEmpty, !apiVersions.contains(apiVersion) {
            reader.report.refuse(
                reader.path.child("apiVersion"), "\(printable(apiVersion)) is unknown; use \(versions)")
        }
        if !kindName.isEmpty, Kind(rawValue: kindName) == nil {
            reader.report.refuse(
                reader.path.child("kind"),
                "\(printable(kindName)) cannot be run; use VirtualMachineInstance or VirtualMachine")
        }
        return (apiVersion, Kind(rawValue: kindName) ?? .virtualMachineInstance)
    }

    /// A virtual machine: its template's instance under the machine's own name.
    private static func machine(
        _ reader: ObjectReader, metadata: ObjectMeta
    ) -> (VirtualMachineInstance?, RunStrategy?) {
        guard let value = reader.value("spec") else { return (nil, nil) }
        let path = reader.path.child("spec")
        guard case .object(let object) = value else {
            reader.mismatch(path, "an object", value)
            return (nil, nil)
        }
        let spec = ObjectReader(object, at: path.as(schema: "machine.spec"), report: reader.report)
        let running = spec.bool("running")
        let strategy = spec.choice("runStrategy", RunStrategy.self)
        if running != nil, strategy != nil {
            reader.report.refuse(path.child("running"), "must not be given together with runStrategy; remove running")
        } else if !spec.has("running"), !spec.has("runStrategy") {
            reader.report.refuse(path.child("runStrategy"), "must be specified; write runStrategy: Always")
        }
        let template = spec.value("template")
        let templatePath = path.child("template")
        var instance: VirtualMachineInstance?
        switch template {
        case .object(let object):
            let template = ObjectReader(object, at: templatePath.as(schema: ""), report: reader.report)
            let inner = template.object("metadata") { ObjectMeta($0) }
            let body = template.object("spec") { InstanceSpec($0) }
            template.finish()
            if body == nil {
                reader.report.refuse(templatePath.child("spec"), "is required; describe the machine")
            }
            instance = body.map { body in
                let merged = ObjectMeta(
                    name: metadata.name, namespace: metadata.namespace, uid: metadata.uid,
                    labels: inner?.labels ?? [:], annotations: inner?.annotations ?? [:])
                return VirtualMachineInstance(metadata: merged, spec: body)
            }
        case .some(let other):
            reader.mismatch(templatePath, "an object", other)
        case nil:
            reader.report.refuse(templatePath, "is required; describe the instance to run")
        }
        spec.finish()
        return (instance, strategy ?? running.map { $0 ? .always : .halted })
    }
}
