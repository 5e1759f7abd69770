// SPDX-License-Identifier: Apache-2.0

internal import Boot
internal import KVM
internal import Linux

extension VCPU {
    /// Puts the first vCPU where the kernel wants to be entered.
    /// - Throws: `Errno` that names the call.
    func enter(at entry: BootEntry) throws(Errno) {
        var registers = GeneralRegisters()
        (registers.rip, registers.rsp, registers.rflags) = (entry.rip, entry.rsp, entry.rflags)
        (registers.rsi, registers.rbx) = (entry.rsi, entry.rbx)
        try setGeneralRegisters(registers)

        var system = try systemRegisters()
        let data = Segment(entry.data)
        system.cs = Segment(entry.code)
        (system.ds, system.es, system.fs, system.gs, system.ss) = (data, data, data, data, data)
        system.tr = Segment(entry.task)
        (system.gdtBase, system.gdtLimit) = (entry.gdtBase, entry.gdtLimit)
        (system.idtBase, system.idtLimit) = (entry.idtBase, entry.idtLimit)
        (system.cr0, system.cr3, system.cr4, system.efer) = (entry.cr0, entry.cr3, entry.cr4, entry.efer)
        try setSystemRegisters(system)
    }
}

extension Segment {
    fileprivate init(_ s: SegmentRegister) {
        var bits = UInt16(s.type & 15) | 1 << 7
        if s.isCodeOrData { bits |= 1 << 4 }
        if s.isLong { bits |= 1 << 13 }
        if s.is32Bit { bits |= 1 << 14 }
        if s.isPageGranular { bits |= 1 << 15 }
        self.init(base: s.base, limit: s.limit, selector: s.selector, attributes: bits)
    }
}
