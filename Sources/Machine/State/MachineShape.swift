// SPDX-License-Identifier: Apache-2.0

public import Record

/// What must be alike in two machines for one to take up the other's state.
public struct MachineShape: Recordable, Equatable, Sendable {
    /// The record's name in a stream.
    public static let recordName = "shape"

    /// Bytes of RAM.
    public var memoryBytes: UInt64
    /// The APIC ids of the vCPUs, in order.
    public var vcpus: [UInt32]
    /// What CPUID answers on the first of them: function, index, flags and the four registers of each leaf.
    public var cpuid: [UInt32]
    /// Place, name and kind of each PCI device, in order.
    public var devices: [String]

    /// A machine's shape.
    init(memoryBytes: UInt64, vcpus: [UInt32], cpuid: [UInt32], devices: [String]) {
        self.memoryBytes = memoryBytes
        self.vcpus = vcpus
        self.cpuid = cpuid
        self.devices = devices
    }

    /// Puts every field.
    public func encode(into fields: inout RecordEncoder) {
        fields.put("memoryBytes", memoryBytes)
        fields.put("vcpus", vcpus)
        fields.put("cpuid", cpuid)
        fields.put("devices", devices)
    }

    /// Takes every field.
    /// - Throws: `RecordError` when a field is missing or is not what it should be.
    public init(from fields: inout RecordDecoder) throws(RecordError) {
        memoryBytes = try fields.take("memoryBytes")
        vcpus = try fields.take("vcpus")
        cpuid = try fields.take("cpuid")
        devices = try fields.take("devices")
        guard cpuid.count % 7 == 0 else { throw fields.invalid("cpuid", "must be seven numbers a leaf") }
    }

    /// Accepts a machine of this shape.
    /// - Parameter here: the machine that is to take the state up.
    /// - Throws: `StateError.shape` that names the first difference.
    func require(_ here: MachineShape) throws(StateError) {
        func same(_ what: String, _ saved: String, _ here: String) throws(StateError) {
            if saved != here { throw .shape(what, saved: saved, here: here) }
        }
        try same("Bytes of RAM", "\(memoryBytes)", "\(here.memoryBytes)")
        try same("Number of vCPUs", "\(vcpus.count)", "\(here.vcpus.count)")
        try same("APIC ids", "\(vcpus)", "\(here.vcpus)")
        for index in 0..<max(devices.count, here.devices.count) {
            try same(
                "Device \(index + 1)", index < devices.count ? devices[index] : "none",
                index < here.devices.count ? here.devices[index] : "none")
        }
        for at in stride(from: 0, to: max(cpuid.count, here.cpuid.count), by: 7) {
            let (saved, found) = (leaf(at), here.leaf(at))
            try same("CPUID", saved, found)
        }
    }

    private func leaf(_ at: Int) -> String {
        guard at + 7 <= cpuid.count else { return "no further leaf" }
        let words = cpuid[at..<at + 7].map { String($0, radix: 16) }
        return "leaf \(words[0]).\(words[1]) " + words[3...].joined(separator: ":")
    }
}
