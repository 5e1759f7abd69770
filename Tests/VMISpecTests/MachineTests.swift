// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import VMISpec

@Suite("A virtual machine")
struct MachineTests {
    /// A virtual machine with a template that is valid.
    static let machine = """
        {"apiVersion": "kubevirt.io/v1", "kind": "VirtualMachine", "metadata": {"name": "vm", "labels": {"on": "vm"}},
         "spec": {"runStrategy": "Always", "template": {"metadata": {"labels": {"on": "vmi"}},
           "spec": {"domain": {
             "memory": {"guest": "64Mi"},
             "devices": {"autoattachPodInterface": false},
             "firmware": {"kernelBoot": {"container": {"image": "kernel", "kernelPath": "/vmlinuz"}}}}}}}}
        """

    @Test("gives its template's instance its own name")
    func template() throws {
        let manifest = try VMIManifest.parse(Array(Self.machine.utf8))
        #expect(manifest.kind == .virtualMachine)
        #expect(manifest.runStrategy == .always)
        #expect(manifest.instance.metadata.name == "vm")
        #expect(manifest.instance.metadata.labels == ["on": "vmi"])
        #expect(manifest.instance.firmwareUUID == InstanceUUID(name: "vm"))
    }

    @Test(
        "keeps how it is to be run",
        arguments: [
            (#"{"running": true}"#, .always), (#"{"running": false}"#, .halted),
            (#"{"runStrategy": "Halted"}"#, .halted),
            (#"{"runStrategy": "Manual"}"#, .manual), (#"{"runStrategy": "RerunOnFailure"}"#, .rerunOnFailure),
            (#"{"runStrategy": "Once"}"#, .once), (#"{"runStrategy": "WaitAsReceiver"}"#, .waitAsReceiver),
        ] as [(String, VMIManifest.RunStrategy)])
    func strategy(_ json: String, _ strategy: VMIManifest.RunStrategy) throws {
        var manifest = try Manifests.with("spec.runStrategy", "", in: Self.machine)
        guard case .object(let fields) = try JSONValue(parsing: Array(json.utf8)) else { return }
        for key in fields.keys {
            manifest = Manifests.setting("spec.\(key)", to: fields[key], in: manifest)
        }
        #expect(try VMIManifest.parse(manifest).runStrategy == strategy)
    }

    @Test(
        "is refused with the path as its writer sees it",
        arguments: [
            ("spec.runStrategy", "", "spec.runStrategy: must be specified; write runStrategy: Always"),
            ("spec.running", "true", "spec.running: must not be given together with runStrategy; remove running"),
            ("spec.runStrategy", #""Sometimes""#, "spec.runStrategy: \"Sometimes\" is unknown; must be one of: "),
            ("spec.template", "", "spec.template: is required; describe the instance to run"),
            ("spec.template", "[]", "spec.template: must be an object, not a list"),
            ("spec.template.spec", "", "spec.template.spec: is required"),
            ("spec.template.kind", #""x""#, "spec.template.kind: unknown field"),
            (
                "spec.template.spec.domain.cpu", #"{"cores": 0}"#,
                "spec.template.spec.domain.cpu.cores: must be at least 1"
            ),
            ("spec.template.spec.domain.devices.tpm", "{}", "spec.template.spec.domain.devices.tpm: TPMs"),
            ("spec.templates", "{}", #"spec.templates: unknown field; did you mean "template"?"#),
            ("spec", "", "spec: is required; describe the machine"),
            ("spec", "7", "spec: must be an object, not a number"),
            ("metadata.name", "", "metadata.name: is required; give the machine a name"),
        ])
    func refusal(_ path: String, _ json: String, _ says: String) throws {
        let problems = Manifests.problems(try Manifests.with(path, json, in: Self.machine))
        #expect(problems.count == 1, "\(problems)")
        #expect(problems.first?.hasPrefix(says) ?? false, "\(problems)")
    }
}
