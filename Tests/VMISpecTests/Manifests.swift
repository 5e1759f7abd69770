// SPDX-License-Identifier: Apache-2.0

@testable import VMISpec

/// Manifests to start from, and ways to change them.
enum Manifests {
    /// A valid instance that uses most of what works.
    static let full = """
        {
          "apiVersion": "kubevirt.io/v1",
          "kind": "VirtualMachineInstance",
          "metadata": {
            "name": "debian", "namespace": "lab", "uid": "0d5b9d3c-8d3e-4b62-9c55-0c1a0a7f4e1f",
            "labels": {"app": "web"}, "annotations": {"note": "one"}
          },
          "spec": {
            "domain": {
              "cpu": {"cores": 2, "sockets": 1, "threads": 1, "model": "host-passthrough",
                      "features": [{"name": "avx2", "policy": "disable"}]},
              "memory": {"guest": "1Gi"},
              "resources": {"requests": {"memory": "1Gi"}, "limits": {"memory": "2Gi", "cpu": 2}},
              "machine": {"type": "q35"},
              "firmware": {
                "uuid": "5d307ca9-b3ef-428c-8861-06e72d69f223", "serial": "e4686d2c",
                "kernelBoot": {
                  "kernelArgs": "console=ttyS0 root=/dev/vda rw",
                  "container": {"image": "kernel", "kernelPath": "/vmlinuz", "initrdPath": "/initrd",
                                "imagePullPolicy": "Never"}
                }
              },
              "clock": {"utc": {}, "timer": {"kvm": {"present": true}, "hpet": {"present": false}, "pit": {"tickPolicy": "delay"}}},
              "features": {"acpi": {}, "apic": {"endOfInterrupt": true}, "smm": {"enabled": false}},
              "devices": {
                "rng": {}, "autoattachGraphicsDevice": false, "autoattachMemBalloon": false,
                "disks": [
                  {"name": "root", "disk": {"bus": "virtio"}, "bootOrder": 1, "serial": "root-disk"},
                  {"name": "data", "disk": {"bus": "virtio", "readonly": true}},
                  {"name": "seed", "disk": {"bus": "virtio"}}
                ],
                "interfaces": [{"name": "default", "masquerade": {}, "macAddress": "02:00:00:00:00:01", "model": "virtio"}]
              }
            },
            "networks": [{"name": "default", "pod": {}}],
            "volumes": [
              {"name": "root", "persistentVolumeClaim": {"claimName": "root"}},
              {"name": "data", "hostDisk": {"path": "/srv/data.img", "type": "DiskOrCreate", "capacity": "1Gi"}},
              {"name": "seed", "cloudInitNoCloud": {"userData": "#cloud-config\\npassword: debian\\n"}}
            ],
            "hostname": "deb",
            "terminationGracePeriodSeconds": 10,
            "nodeSelector": {"disk": "ssd"}
          }
        }
        """

    /// The least that is valid: memory and a kernel.
    static let least = """
        {"apiVersion": "kubevirt.io/v1", "kind": "VirtualMachineInstance", "metadata": {"name": "tiny"},
         "spec": {"domain": {
           "memory": {"guest": "64Mi"},
           "devices": {"autoattachPodInterface": false},
           "firmware": {"kernelBoot": {"container": {"image": "kernel", "kernelPath": "/vmlinuz"}}}}}}
        """

    /// A step from a value into it.
    enum Step {
        case key(String)
        case index(Int)
    }

    /// The steps of a path written as in a problem, `a.b[0].c`.
    static func steps(_ path: String) -> [Step] {
        path.split(separator: ".").flatMap { part -> [Step] in
            let pieces = part.split(separator: "[")
            return pieces.enumerated().map { offset, piece in
                if offset == 0, !part.hasPrefix("[") { return .key(String(piece)) }
                return .index(Int(piece.dropLast()) ?? 0)
            }
        }
    }

    /// The value with what `path` names replaced, added, or removed where `value` is nil.
    static func setting(_ path: String, to value: JSONValue?, in root: JSONValue) -> JSONValue {
        replaced(root, steps(path)[...], value) ?? .null
    }

    private static func replaced(_ root: JSONValue?, _ steps: ArraySlice<Step>, _ value: JSONValue?) -> JSONValue? {
        guard let step = steps.first else { return value }
        let rest = steps.dropFirst()
        switch step {
        case .key(let key):
            var object = JSONObject()
            if case .object(let existing) = root { object = existing }
            object[key] = replaced(object[key], rest, value)
            return .object(object)
        case .index(let index):
            var elements: [JSONValue] = []
            if case .array(let existing) = root { elements = existing }
            let child = replaced(elements.indices.contains(index) ? elements[index] : nil, rest, value)
            if elements.indices.contains(index) {
                if let child { elements[index] = child } else { elements.remove(at: index) }
            } else if let child {
                elements.append(child)
            }
            return .array(elements)
        }
    }

    /// A manifest in JSON with one field set to other JSON text; empty text removes the field.
    static func with(_ path: String, _ json: String, in manifest: String = full) throws -> JSONValue {
        let root = try JSONValue(parsing: Array(manifest.utf8))
        return setting(path, to: json.isEmpty ? nil : try JSONValue(parsing: Array(json.utf8)), in: root)
    }

    /// The problems of a manifest; none if it is valid.
    static func problems(_ manifest: JSONValue) -> [String] {
        do throws(InvalidManifest) {
            _ = try VMIManifest.parse(manifest)
            return []
        } catch {
            return error.problems.map(\.description)
        }
    }
}
