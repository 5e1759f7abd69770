// SPDX-License-Identifier: Apache-2.0

internal import CKVM
public import Linux

extension VCPU {
    /// The general registers.
    /// - Throws: `Errno` of KVM_GET_REGS.
    public borrowing func generalRegisters() throws(Errno) -> GeneralRegisters {
        var k = kvm_regs()
        try ioctl(descriptor.raw, CKVM_GET_REGS, &k, "KVM_GET_REGS")
        // SAFETY: GeneralRegisters lists the eighteen members of struct kvm_regs in the kernel's order.
        return unsafe unsafeBitCast(k, to: GeneralRegisters.self)
    }

    /// Loads the general registers.
    /// - Throws: `Errno` of KVM_SET_REGS.
    public borrowing func setGeneralRegisters(_ registers: GeneralRegisters) throws(Errno) {
        // SAFETY: as above.
        var k = unsafe unsafeBitCast(registers, to: kvm_regs.self)
        try ioctl(descriptor.raw, CKVM_SET_REGS, &k, "KVM_SET_REGS")
    }

    /// Segments, tables and control registers.
    /// - Throws: `Errno` of KVM_GET_SREGS.
    public borrowing func systemRegisters() throws(Errno) -> SystemRegisters {
        var k = kvm_sregs()
        try ioctl(descriptor.raw, CKVM_GET_SREGS, &k, "KVM_GET_SREGS")
        return SystemRegisters(
            cs: Segment(k.cs), ds: Segment(k.ds), es: Segment(k.es), fs: Segment(k.fs), gs: Segment(k.gs),
            ss: Segment(k.ss), tr: Segment(k.tr), ldt: Segment(k.ldt), gdtBase: k.gdt.base, gdtLimit: k.gdt.limit,
            idtBase: k.idt.base, idtLimit: k.idt.limit, cr0: k.cr0, cr2: k.cr2, cr3: k.cr3, cr4: k.cr4, cr8: k.cr8,
            efer: k.efer, apicBase: k.apic_base)
    }

    /// Loads segments, tables and control registers; pending interrupts stay as they are.
    /// - Throws: `Errno` of KVM_SET_SREGS.
    public borrowing func setSystemRegisters(_ r: SystemRegisters) throws(Errno) {
        var k = kvm_sregs()
        try ioctl(descriptor.raw, CKVM_GET_SREGS, &k, "KVM_GET_SREGS")
        (k.cs, k.ds, k.es, k.fs) = (r.cs.kernel, r.ds.kernel, r.es.kernel, r.fs.kernel)
        (k.gs, k.ss, k.tr, k.ldt) = (r.gs.kernel, r.ss.kernel, r.tr.kernel, r.ldt.kernel)
        (k.gdt.base, k.gdt.limit, k.idt.base, k.idt.limit) = (r.gdtBase, r.gdtLimit, r.idtBase, r.idtLimit)
        (k.cr0, k.cr2, k.cr3, k.cr4, k.cr8) = (r.cr0, r.cr2, r.cr3, r.cr4, r.cr8)
        (k.efer, k.apic_base) = (r.efer, r.apicBase)
        try ioctl(descriptor.raw, CKVM_SET_SREGS, &k, "KVM_SET_SREGS")
    }

    /// What CPUID answers on this vCPU; before its first run (KVM api.rst 4.27 KVM_SET_CPUID2).
    /// - Throws: `Errno` of KVM_SET_CPUID2.
    public borrowing func setCPUID(_ entries: [CPUIDEntry]) throws(Errno) {
        try unsafe ioctl(
            descriptor.raw, CKVM_SET_CPUID2, header: MemoryLayout<kvm_cpuid2>.size,
            stride: MemoryLayout<kvm_cpuid_entry2>.stride, count: entries.count, "KVM_SET_CPUID2",
            prepare: { p in
                let table = unsafe p.assumingMemoryBound(to: kvm_cpuid2.self)
                unsafe table.pointee.nent = UInt32(entries.count)
                for (i, e) in entries.enumerated() {
                    unsafe ckvm_cpuid_entries(table)[i] = kvm_cpuid_entry2(
                        function: e.function, index: e.index, flags: e.flags, eax: e.eax, ebx: e.ebx, ecx: e.ecx,
                        edx: e.edx, padding: (0, 0, 0))
                }
            }, result: { (_, _) throws(Errno) in })
    }
}

extension Segment {
    fileprivate init(_ k: kvm_segment) {
        var bits = UInt16(k.type & 15) | UInt16(k.s & 1) << 4 | UInt16(k.dpl & 3) << 5 | UInt16(k.present & 1) << 7
        bits |= UInt16(k.avl & 1) << 12 | UInt16(k.l & 1) << 13 | UInt16(k.db & 1) << 14 | UInt16(k.g & 1) << 15
        self.init(base: k.base, limit: k.limit, selector: k.selector, attributes: bits)
    }

    fileprivate var kernel: kvm_segment {
        var k = kvm_segment()
        (k.base, k.limit, k.selector) = (base, limit, selector)
        (k.type, k.s) = (UInt8(attributes & 15), UInt8(attributes >> 4 & 1))
        (k.dpl, k.present) = (UInt8(attributes >> 5 & 3), UInt8(attributes >> 7 & 1))
        (k.avl, k.l) = (UInt8(attributes >> 12 & 1), UInt8(attributes >> 13 & 1))
        (k.db, k.g) = (UInt8(attributes >> 14 & 1), UInt8(attributes >> 15 & 1))
        k.unusable = k.present ^ 1
        return k
    }
}
