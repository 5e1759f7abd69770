// SPDX-License-Identifier: Apache-2.0

internal import CKVM
public import Linux

extension VCPU {
    /// Takes the whole state of a vCPU that is not running.
    ///
    /// Some calls change what others return, so the order is that of their side effects: KVM_GET_MP_STATE makes the kernel
    /// take an INIT or start-up IPI that has arrived, which changes registers, APIC and events; KVM_GET_LAPIC brings in
    /// interrupts that were posted; KVM_GET_VCPU_EVENTS tells what is left to be injected after all that.
    /// - Throws: `Errno` that names the call.
    public borrowing func save(_ format: VCPUStateFormat) throws(Errno) -> VCPUState {
        let runState = try get(CKVM_GET_MP_STATE, MemoryLayout<kvm_mp_state>.size, "KVM_GET_MP_STATE")
        return VCPUState(
            registers: try get(CKVM_GET_REGS, MemoryLayout<kvm_regs>.size, "KVM_GET_REGS"),
            systemRegisters: format.hasSystemRegisters2
                ? try get(CKVM_GET_SREGS2, MemoryLayout<kvm_sregs2>.size, "KVM_GET_SREGS2")
                : try get(CKVM_GET_SREGS, MemoryLayout<kvm_sregs>.size, "KVM_GET_SREGS"),
            xsave: format.xsaveBytes > MemoryLayout<kvm_xsave>.size
                ? try get(CKVM_GET_XSAVE2, format.xsaveBytes, "KVM_GET_XSAVE2")
                : try get(CKVM_GET_XSAVE, MemoryLayout<kvm_xsave>.size, "KVM_GET_XSAVE"),
            xcrs: try get(CKVM_GET_XCRS, MemoryLayout<kvm_xcrs>.size, "KVM_GET_XCRS"),
            nested: format.nestedBytes > 0 ? try nestedState(atMost: format.nestedBytes) : [],
            debugRegisters: try get(CKVM_GET_DEBUGREGS, MemoryLayout<kvm_debugregs>.size, "KVM_GET_DEBUGREGS"),
            localAPIC: try get(CKVM_GET_LAPIC, MemoryLayout<kvm_lapic_state>.size, "KVM_GET_LAPIC"),
            runState: runState,
            events: try get(CKVM_GET_VCPU_EVENTS, MemoryLayout<kvm_vcpu_events>.size, "KVM_GET_VCPU_EVENTS"),
            msrs: try readMSRs(format.msrs), timeStamp: try timeStamp())
    }

    /// Puts a saved state back into a vCPU that is not running; CPUID must be set, and the TSC by `setTimeStamp` when it
    /// is to go on.
    ///
    /// Run state first, for the reason in `save`. Nested state before CR4 and EFER: a CPU that is in its guest's VMX or SVM
    /// operation refuses to leave it by those. The APIC after the segment registers, which hold its base. MSRs after the
    /// APIC, because TSC_DEADLINE arms its timer, and after the TSC, with which that deadline is compared: an armed timer
    /// that is due interrupts at once. Events last: setting registers clears what is to be injected.
    /// - Returns: the numbers of the MSRs that the host refused.
    /// - Throws: `Errno` that names the call; EINVAL for one whose struct has the wrong size.
    @discardableResult
    public borrowing func load(_ state: VCPUState, _ format: VCPUStateFormat) throws(Errno) -> [UInt32] {
        _ = try get(CKVM_GET_MP_STATE, MemoryLayout<kvm_mp_state>.size, "KVM_GET_MP_STATE")
        try set(CKVM_SET_MP_STATE, state.runState, MemoryLayout<kvm_mp_state>.size, "KVM_SET_MP_STATE")
        try set(CKVM_SET_REGS, state.registers, MemoryLayout<kvm_regs>.size, "KVM_SET_REGS")
        if !state.nested.isEmpty, format.nestedBytes > 0 {
            // The kernel reads as much as the header says.
            guard NestedHeader(state.nested) != nil else { throw Errno(code: 22, call: "KVM_SET_NESTED_STATE") }
            try set(CKVM_SET_NESTED_STATE, state.nested, NestedHeader.least, "KVM_SET_NESTED_STATE")
        }
        try setSystemRegisters(state.systemRegisters, format)
        // The kernel reads `xsaveBytes`; an area of a host with fewer features says itself what it holds.
        var xsave = Array(state.xsave.prefix(format.xsaveBytes))
        let missing = format.xsaveBytes - xsave.count
        if missing > 0, xsave.count >= MemoryLayout<kvm_xsave>.size { xsave += [UInt8](repeating: 0, count: missing) }
        try set(CKVM_SET_XSAVE, xsave, format.xsaveBytes, "KVM_SET_XSAVE")
        try set(CKVM_SET_XCRS, state.xcrs, MemoryLayout<kvm_xcrs>.size, "KVM_SET_XCRS")
        try set(CKVM_SET_DEBUGREGS, state.debugRegisters, MemoryLayout<kvm_debugregs>.size, "KVM_SET_DEBUGREGS")
        try set(CKVM_SET_LAPIC, state.localAPIC, MemoryLayout<kvm_lapic_state>.size, "KVM_SET_LAPIC")
        let refused = try writeMSRs(state.msrs)
        try set(CKVM_SET_VCPU_EVENTS, state.events, MemoryLayout<kvm_vcpu_events>.size, "KVM_SET_VCPU_EVENTS")
        return refused
    }

    /// Of MSRs that the host refused, the first whose value the guest would miss. One that already reads as saved, or that
    /// this host does not have and that was zero, costs nothing.
    /// - Throws: `Errno` of KVM_GET_MSRS.
    public borrowing func missed(_ refused: [UInt32], of state: VCPUState) throws(Errno) -> VCPUState.MSR? {
        guard !refused.isEmpty else { return nil }
        let numbers = Set(refused)
        let here = try readMSRs(refused)
        return state.msrs.first { msr in
            guard numbers.contains(msr.index) else { return false }
            return msr.value != here.first { $0.index == msr.index }?.value ?? 0
        }
    }

    // An interrupt to be injected is in the events as well; what SREGS2 has beyond SREGS are the PDPTRs, which an older
    // kernel reads from memory again.
    private func setSystemRegisters(_ bytes: [UInt8], _ format: VCPUStateFormat) throws(Errno) {
        let short = MemoryLayout<kvm_sregs>.size
        guard bytes.count == MemoryLayout<kvm_sregs2>.size else {
            guard bytes.count == short else { throw Errno(code: 22, call: "KVM_SET_SREGS") }
            return try set(CKVM_SET_SREGS, bytes, short, "KVM_SET_SREGS")
        }
        if format.hasSystemRegisters2 { return try set(CKVM_SET_SREGS2, bytes, bytes.count, "KVM_SET_SREGS2") }
        let common = bytes.prefix(MemoryLayout<kvm_sregs2>.offset(of: \.flags) ?? 0)
        let padded = Array(common) + [UInt8](repeating: 0, count: max(short - common.count, 0))
        try set(CKVM_SET_SREGS, padded, short, "KVM_SET_SREGS")
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
            let batch = Array(rest.prefix(VCPU.msrBatch))
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
            // The kernel stops at the first one it cannot read.
            rest = rest.dropFirst(done < batch.count ? done + 1 : done)
        }
        return values
    }

    /// Writes MSRs and returns the numbers of those the kernel refused.
    /// - Throws: `Errno` of KVM_SET_MSRS.
    public borrowing func writeMSRs(_ msrs: [VCPUState.MSR]) throws(Errno) -> [UInt32] {
        var refused: [UInt32] = []
        var rest = msrs[...]
        while !rest.isEmpty {
            let batch = Array(rest.prefix(VCPU.msrBatch))
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
            rest = rest.dropFirst(done < batch.count ? done + 1 : done)
        }
        return refused
    }

    // The kernel takes fewer than 256 at a time.
    private static let msrBatch = 128

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
