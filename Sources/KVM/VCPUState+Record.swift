// SPDX-License-Identifier: Apache-2.0

internal import CKVM
public import Record

extension VCPUState: Recordable {
    /// The record's name in a stream.
    public static let recordName = "vcpu"

    /// Puts every field.
    public func encode(into fields: inout RecordEncoder) {
        fields.put("registers", registers)
        fields.put("systemRegisters", systemRegisters)
        fields.put("xsave", xsave)
        fields.put("xcrs", xcrs)
        fields.put("nested", nested)
        fields.put("debugRegisters", debugRegisters)
        fields.put("localAPIC", localAPIC)
        fields.put("runState", runState)
        fields.put("events", events)
        fields.put("msrIndices", msrs.map(\.index))
        fields.put("msrValues", msrs.map(\.value))
        fields.put("timeStamp", timeStamp)
    }

    /// Takes every field; the kernel judges their contents, and this their sizes, on which memory safety depends.
    /// - Throws: `RecordError` when a field is missing or is not what it should be.
    public init(from fields: inout RecordDecoder) throws(RecordError) {
        registers = try fields.bytes("registers", [MemoryLayout<kvm_regs>.size])
        systemRegisters = try fields.bytes(
            "systemRegisters", [MemoryLayout<kvm_sregs2>.size, MemoryLayout<kvm_sregs>.size])
        xsave = try fields.take("xsave")
        guard (MemoryLayout<kvm_xsave>.size...VCPUStateFormat.mostXSAVEBytes).contains(xsave.count) else {
            throw fields.invalid("xsave", "must be 4096 to \(VCPUStateFormat.mostXSAVEBytes) bytes")
        }
        xcrs = try fields.bytes("xcrs", [MemoryLayout<kvm_xcrs>.size])
        nested = try fields.take("nested")
        guard nested.isEmpty || NestedHeader(nested) != nil else {
            throw fields.invalid("nested", "must be as long as its header says")
        }
        debugRegisters = try fields.bytes("debugRegisters", [MemoryLayout<kvm_debugregs>.size])
        localAPIC = try fields.bytes("localAPIC", [MemoryLayout<kvm_lapic_state>.size])
        runState = try fields.bytes("runState", [MemoryLayout<kvm_mp_state>.size])
        events = try fields.bytes("events", [MemoryLayout<kvm_vcpu_events>.size])
        let indices: [UInt32] = try fields.take("msrIndices")
        let values: [UInt64] = try fields.take("msrValues")
        guard indices.count == values.count, indices.count <= VCPUStateFormat.mostMSRs else {
            throw fields.invalid("msrValues", "must be as many as msrIndices, at most \(VCPUStateFormat.mostMSRs)")
        }
        msrs = zip(indices, values).map { MSR(index: $0, value: $1) }
        timeStamp = try fields.take("timeStamp")
    }
}

extension RecordDecoder {
    /// Bytes of one of these lengths.
    /// - Throws: `RecordError` when the field is missing or has another length.
    mutating func bytes(_ name: String, _ lengths: [Int]) throws(RecordError) -> [UInt8] {
        let value: [UInt8] = try take(name)
        guard lengths.contains(value.count) else {
            throw invalid(name, "must be \(lengths.map(String.init).joined(separator: " or ")) bytes")
        }
        return value
    }
}
