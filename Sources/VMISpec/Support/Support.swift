// SPDX-License-Identifier: Apache-2.0

/// What the machine does not do today: one row a field of the API. A field that has no row works.
///
/// To lift a refusal, remove its row: fields that the types of this room carry are decoded and validated all the same.
/// Keys are schema paths of a `VirtualMachineInstance`, without indices.
enum Support {
    /// The rule for a field, if it has one.
    static func rule(for schemaPath: String) -> SupportRule? {
        rules[schemaPath]
    }

    /// The names of the fields below `schemaPath` that have a rule, for suggestions.
    static func fields(of schemaPath: String) -> [String] {
        fieldsByParent[schemaPath] ?? []
    }

    /// Every rule by its schema path.
    static let rules: [String: SupportRule] = {
        var rules = refusals
        for field in deliberatelyIgnored {
            rules[field.path] = .ignored(field.reason)
        }
        return rules
    }()

    private static let fieldsByParent: [String: [String]] = {
        var fields: [String: [String]] = [:]
        for path in rules.keys {
            guard let dot = path.lastIndex(of: ".") else { continue }
            fields[String(path[..<dot]), default: []].append(String(path[path.index(after: dot)...]))
        }
        return fields
    }()

    /// The bus of a disk that names none (setDefaultAmd64DisksBus, pkg/defaults/amd64.go).
    static let defaultDiskBus = DiskSpec.Bus.sata

    /// The buses the machine has.
    static let diskBuses: Set<DiskSpec.Bus> = [.virtio, .scsi]

    /// The most characters of a disk's serial number (virtio 1.2 §5.2.6.1: 20 bytes).
    static let longestDiskSerial = 20

    /// The least memory, in bytes.
    static let leastMemory: UInt64 = 16 << 20

    /// The most memory, in bytes: what 46 address bits reach.
    static let mostMemory: UInt64 = 1 << 46

    /// The most vCPUs Linux gives a machine (KVM_MAX_VCPUS); a host may give fewer.
    static let mostVCPUs: UInt32 = 4096

    /// The sizes of huge pages of x86-64, in bytes.
    static let hugepageSizes: Set<UInt64> = [2 << 20, 1 << 30]

    /// True where a machine without a kernel of its own can start, which takes firmware.
    static let bootsFromDisk = false

    /// Annotations that would change the machine.
    static let refusedAnnotations = [
        "hooks.kubevirt.io/hookSidecars": "hook sidecars are not supported; remove the annotation",
        "kubevirt.io/ignitiondata":
            "ignition is not supported; remove the annotation and use a cloudInitNoCloud volume",
    ]

    /// True for a machine type that this machine is.
    static func isMachineType(_ type: String) -> Bool {
        type == "q35" || type.hasPrefix("pc-q35-")
    }
}
