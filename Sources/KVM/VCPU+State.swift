// SPDX-License-Identifier: Apache-2.0

internal import CKVM
public import Linux

extension VCPU {
    /// Takes the whole state of a vCPU that is not running.
    /// - Parameters:
    ///   - msrs: `System.msrIndices()`.
    ///   - xsaveBytes: `VM.check(.xsave2)`; 0 on kernels without it.
    ///   - nestedBytes: `VM.check(.nestedState)`; 0 on kernels without it.
    /// - Throws: `Errno` that names the call.
    public borrowing func save(msrs: [UInt32], xsaveBytes: Int, nestedBytes: Int) throws(Errno) -> VCPUState {
        // The APIC's pending state moves into the run state and the events when they are read: read those first.
        let runState = try get(CKVM_GET_MP_STATE, MemoryLayout<kvm_mp_state>.size, "KVM_GET_MP_STATE")
        let large = xsaveBytes > MemoryLayout<kvm_xsave>.size
        return VCPUState(
            registers: try get(CKVM_GET_REGS, MemoryLayout<kvm_regs>.size, "KVM_GET_REGS"),
            systemRegisters: try get(CKVM_GET_SREGS, MemoryLayout<kvm_sregs>.size, "KVM_GET_SREGS"),
            xsave: large
                ? try get(CKVM_GET_XSAVE2, xsaveBytes, "KVM_GET_XSAVE2")
                : try get(CKVM_GET_XSAVE, MemoryLayout<kvm_xsave>.size, "KVM_GET_XSAVE"),
            xcrs: try get(CKVM_GET_XCRS, MemoryLayout<kvm_xcrs>.size, "KVM_GET_XCRS"),
            nested: nestedBytes > 0 ? try nestedState(atMost: nestedBytes) : [],
            debugRegisters: try get(CKVM_GET_DEBUGREGS, MemoryLayout<kvm_debugregs>.size, "KVM_GET_DEBUGREGS"),
            localAPIC: try get(CKVM_GET_LAPIC, MemoryLayout<kvm_lapic_state>.size, "KVM_GET_LAPIC"),
            runState: runState,
            events: try get(CKVM_GET_VCPU_EVENTS, MemoryLayout<kvm_vcpu_events>.size, "KVM_GET_VCPU_EVENTS"),
            msrs: try readMSRs(msrs))
    }

    /// Puts a saved state back into a vCPU that is not running.
    /// - Returns: the numbers of the MSRs that the host refused.
    /// - Throws: `Errno` that names the call.
    @discardableResult
    public borrowing func load(_ state: VCPUState) throws(Errno) -> [UInt32] {
        // An INIT or start-up IPI that has arrived and not been taken outlasts every state that is set: reading the run
        // state makes the kernel take it now.
        _ = try get(CKVM_GET_MP_STATE, MemoryLayout<kvm_mp_state>.size, "KVM_GET_MP_STATE")
        try set(CKVM_SET_MP_STATE, state.runState, MemoryLayout<kvm_mp_state>.size, "KVM_SET_MP_STATE")
        try set(CKVM_SET_REGS, state.registers, MemoryLayout<kvm_regs>.size, "KVM_SET_REGS")
        // Before CR4 and EFER: a CPU that is still in its guest's VMX or SVM operation refuses to leave it by those.
        if !state.nested.isEmpty {
            try set(CKVM_SET_NESTED_STATE, state.nested, MemoryLayout<kvm_nested_state>.size, "KVM_SET_NESTED_STATE")
        }
        try set(CKVM_SET_SREGS, state.systemRegisters, MemoryLayout<kvm_sregs>.size, "KVM_SET_SREGS")
        try set(CKVM_SET_XSAVE, state.xsave, MemoryLayout<kvm_xsave>.size, "KVM_SET_XSAVE")
        try set(CKVM_SET_XCRS, state.xcrs, MemoryLayout<kvm_xcrs>.size, "KVM_SET_XCRS")
        try set(CKVM_SET_DEBUGREGS, state.debugRegisters, MemoryLayout<kvm_debugregs>.size, "KVM_SET_DEBUGREGS")
        try set(CKVM_SET_LAPIC, state.localAPIC, MemoryLayout<kvm_lapic_state>.size, "KVM_SET_LAPIC")
        // The TSC-deadline MSR arms the timer of the APIC that was just loaded.
        let refused = try writeMSRs(state.msrs)
        try set(CKVM_SET_VCPU_EVENTS, state.events, MemoryLayout<kvm_vcpu_events>.size, "KVM_SET_VCPU_EVENTS")
        return refused
    }

    /// Tells a guest with kvmclock that it was paused, so that its watchdogs do not bark (KVM api.rst 4.69).
    public borrowing func noteGuestPause() {
        // A guest without kvmclock has nothing to be told.
        _ = try? ioctl(descriptor.raw, CKVM_KVMCLOCK_CTRL, 0, "KVM_KVMCLOCK_CTRL")
    }

    /// Queues a non-maskable interrupt (KVM api.rst 4.64).
    /// - Throws: `Errno` of KVM_NMI.
    public borrowing func injectNMI() throws(Errno) { _ = try ioctl(descriptor.raw, CKVM_NMI, 0, "KVM_NMI") }

    /// Reads MSRs; those the host lists but cannot read are left out.
    /// - Throws: `Errno` of KVM_GET_MSRS.
    public borrowing func readMSRs(_ indices: [UInt32]) throws(Errno) -> [VCPUState.MSR] {
        var values: [VCPUState.MSR] = []
        var rest = indices[...]
        while !rest.isEmpty {
            let batch = Array(rest)
            let done = try unsafe ioctl(
                descriptor.raw, CKVM_GET_MSRS, header: MemoryLayout<kvm_msrs>.size,
                stride: MemoryLayout<kvm_msr_entry>.stride, count: batch.count, "KVM_GET_MSRS",
                prepare: { p in
                    let table = unsafe p.assumingMemoryBound(to: kvm_msrs.self)
                    unsafe table.pointee.nmsrs = UInt32(batch.count)
                    for (i, index) in batch.enumerated() { unsafe ckvm_msr_entries(table)[i].index = index }
                },
                result: { (count, p) throws(Errno) in
                    let table = unsafe p.assumingMemoryBound(to: kvm_msrs.self)
                    for i in 0..<count {
                        let e = unsafe ckvm_msr_entries(table)[i]
                        values.append(VCPUState.MSR(index: e.index, value: e.data))
                    }
                    return count
                })
            rest = rest.dropFirst(done + 1)  // the kernel stops at the first one it cannot read
        }
        return values
    }

    /// Writes MSRs and returns the numbers of those the kernel refused.
    /// - Throws: `Errno` of KVM_SET_MSRS.
    public borrowing func writeMSRs(_ msrs: [VCPUState.MSR]) throws(Errno) -> [UInt32] {
        var refused: [UInt32] = []
        var rest = msrs[...]
        while !rest.isEmpty {
            let batch = Array(rest)
            let done = try unsafe ioctl(
                descriptor.raw, CKVM_SET_MSRS, header: MemoryLayout<kvm_msrs>.size,
                stride: MemoryLayout<kvm_msr_entry>.stride, count: batch.count, "KVM_SET_MSRS",
                prepare: { p in
                    let table = unsafe p.assumingMemoryBound(to: kvm_msrs.self)
                    unsafe table.pointee.nmsrs = UInt32(batch.count)
                    for (i, m) in batch.enumerated() {
                        unsafe ckvm_msr_entries(table)[i] = kvm_msr_entry(index: m.index, reserved: 0, data: m.value)
                    }
                }, result: { (count, _) throws(Errno) in count })
            // The kernel stops at the first one it refuses.
            if done < batch.count { refused.append(batch[done].index) }
            rest = rest.dropFirst(done + 1)
        }
        return refused
    }

    // The header says how much room there is, and afterwards how much is used.
    private func nestedState(atMost room: Int) throws(Errno) -> [UInt8] {
        let bytes = max(room, MemoryLayout<kvm_nested_state>.size)
        return try unsafe ioctl(
            descriptor.raw, CKVM_GET_NESTED_STATE, header: bytes, stride: 0, count: 0, "KVM_GET_NESTED_STATE",
            prepare: { p in
                unsafe p.assumingMemoryBound(to: kvm_nested_state.self).pointee.size = UInt32(bytes)
            },
            result: { (_, p) throws(Errno) in
                let used = unsafe Int(p.assumingMemoryBound(to: kvm_nested_state.self).pointee.size)
                return unsafe [UInt8](UnsafeRawBufferPointer(start: p, count: min(max(used, 0), bytes)))
            })
    }

    private func get(_ request: UInt, _ bytes: Int, _ call: StaticString) throws(Errno) -> [UInt8] {
        try unsafe ioctl(
            descriptor.raw, request, header: bytes, stride: 0, count: 0, call, prepare: { _ in },
            result: { (_, p) throws(Errno) in unsafe [UInt8](UnsafeRawBufferPointer(start: p, count: bytes)) })
    }

    private func set(_ request: UInt, _ bytes: [UInt8], _ minimum: Int, _ call: StaticString) throws(Errno) {
        guard bytes.count >= minimum else { throw Errno(code: 22, call: call) }
        try unsafe ioctl(
            descriptor.raw, request, header: bytes.count, stride: 0, count: 0, call,
            prepare: { p in unsafe p.copyMemory(from: bytes, byteCount: bytes.count) },
            result: { (_, _) throws(Errno) in })
    }
}
