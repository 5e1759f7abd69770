// SPDX-License-Identifier: Apache-2.0

/// Features of the platform; what the machine always has is accepted, what it cannot have is refused.
public struct FeatureSpec: Hashable, Sendable {
    /// ACPI tables, always there.
    public var acpi = true

    /// The local and I/O APIC, always there.
    public var apic = true

    init() {}

    init(_ reader: ObjectReader) {
        acpi = Self.state("acpi", in: reader)
        apic =
            reader.object("apic") { apic in
                _ = apic.bool("endOfInterrupt")
                return apic.bool("enabled") ?? true
            } ?? true
        _ = Self.state("smm", in: reader)
        _ = Self.state("pvspinlock", in: reader)
        _ = reader.object("kvm") { $0.bool("hidden") }
        for (name, on) in [("acpi", acpi), ("apic", apic)] where !on {
            reader.report.refuse(
                reader.path.child(name).child("enabled"), "cannot be turned off; remove the field")
        }
        if let spinlock = reader.value("pvspinlock"), spinlock["enabled"] == .bool(false) {
            reader.report.refuse(
                reader.path.child("pvspinlock").child("enabled"), "cannot be turned off; remove the field")
        }
        if let smm = reader.value("smm"), case .object = smm, smm["enabled"] != .bool(false) {
            reader.report.refuse(
                reader.path.child("smm"), "system management mode is not supported; remove the field")
        }
    }

    private static func state(_ key: String, in reader: ObjectReader) -> Bool {
        reader.object(key) { $0.bool("enabled") ?? true } ?? true
    }
}
