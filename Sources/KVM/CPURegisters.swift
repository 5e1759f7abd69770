// SPDX-License-Identifier: Apache-2.0

/// The general registers of a vCPU.
public struct GeneralRegisters: Equatable, Sendable {
    /// The sixteen registers, the instruction pointer and the flags.
    public var rax, rbx, rcx, rdx, rsi, rdi, rsp, rbp, r8, r9, r10, r11, r12, r13, r14, r15, rip, rflags: UInt64

    /// All zero but the one flag that always reads as one.
    public init() {
        (rax, rbx, rcx, rdx, rsi, rdi, rsp, rbp) = (0, 0, 0, 0, 0, 0, 0, 0)
        (r8, r9, r10, r11, r12, r13, r14, r15) = (0, 0, 0, 0, 0, 0, 0, 0)
        (rip, rflags) = (0, 2)
    }
}

/// A segment register with its hidden part (Intel SDM 3A 3.4.3).
public struct Segment: Equatable, Sendable {
    /// Linear base address.
    public var base: UInt64
    /// Limit in bytes.
    public var limit: UInt32
    /// Visible part.
    public var selector: UInt16
    /// Type, S, DPL, P, AVL, L, D/B and G as in bytes 5 and 6 of a descriptor, bit 0 first.
    public var attributes: UInt16

    /// A loaded segment.
    public init(base: UInt64, limit: UInt32, selector: UInt16, attributes: UInt16) {
        self.base = base
        self.limit = limit
        self.selector = selector
        self.attributes = attributes
    }
}

/// Segments, descriptor tables and control registers of a vCPU.
public struct SystemRegisters: Equatable, Sendable {
    /// Segment registers.
    public var cs, ds, es, fs, gs, ss, tr, ldt: Segment
    /// Linear address and limit of the global descriptor table.
    public var gdtBase: UInt64, gdtLimit: UInt16
    /// Linear address and limit of the interrupt descriptor table.
    public var idtBase: UInt64, idtLimit: UInt16
    /// Control registers and EFER.
    public var cr0, cr2, cr3, cr4, cr8, efer: UInt64
    /// IA32_APIC_BASE.
    public var apicBase: UInt64
}
