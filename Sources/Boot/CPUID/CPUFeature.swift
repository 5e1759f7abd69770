// SPDX-License-Identifier: Apache-2.0

/// A named CPU feature: one bit of one CPUID register.
public struct CPUFeature: Equatable, Sendable {
    /// The registers CPUID answers in.
    public enum Register: UInt8, Sendable {
        /// EAX.
        case eax
        /// EBX.
        case ebx
        /// ECX.
        case ecx
        /// EDX.
        case edx
    }

    /// The name libvirt uses.
    public let name: String
    /// Other spellings, QEMU's among them.
    let aliases: [String]
    /// The leaf.
    public let function: UInt32
    /// The sub-leaf.
    public let index: UInt32
    /// The register.
    public let register: Register
    /// The bit, 0 to 31.
    public let bit: UInt8
    /// Whether a guest that uses it can be moved to another host.
    public let isMigratable: Bool

    /// The bit as a mask.
    var mask: UInt32 { 1 << UInt32(bit) }

    /// The feature of this name; case, `_`, `-` and `.` make no difference.
    public static func named(_ name: String) -> CPUFeature? {
        let wanted = canonical(name)
        return all.first { canonical($0.name) == wanted || $0.aliases.contains { canonical($0) == wanted } }
    }

    /// The known name that is nearest to a misspelt one, when one is near.
    public static func nearest(to name: String) -> String? {
        let wanted = Array(canonical(String(name.prefix(64))).utf8)
        var best: (name: String, distance: Int)?
        for feature in all {
            for candidate in [feature.name] + feature.aliases {
                let distance = editDistance(wanted, Array(canonical(candidate).utf8))
                if distance < best?.distance ?? Int.max { best = (candidate, distance) }
            }
        }
        guard let best, best.distance <= max(1, wanted.count / 3) else { return nil }
        return best.name
    }

    private static func canonical(_ name: String) -> String {
        String(name.lowercased().map { $0 == "_" || $0 == "." ? "-" : $0 })
    }

    /// Insertions, deletions and replacements between two words.
    private static func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        var row = Array(0...b.count)
        for (i, x) in a.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, y) in b.enumerated() {
                let replaced = diagonal + (x == y ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(replaced, row[j] + 1, row[j + 1] + 1)
            }
        }
        return row[b.count]
    }
}
