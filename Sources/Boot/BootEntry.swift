// SPDX-License-Identifier: Apache-2.0

/// The state in which the first vCPU enters a loaded kernel; everything not named here is zero or as after reset.
public struct BootEntry: Equatable, Sendable {
    /// The two ways into a kernel.
    public enum EntryProtocol: Equatable, Sendable {
        /// Long mode at `startup_64` (Linux boot.rst, "64-bit Boot Protocol").
        case linux64
        /// 32-bit protected mode without paging (Xen docs/misc/pvh).
        case pvh
    }

    /// Which way was taken.
    public var entryProtocol: EntryProtocol
    /// Instruction pointer.
    public var rip: UInt64
    /// Stack pointer.
    public var rsp: UInt64
    /// RSI: `boot_params` for Linux.
    public var rsi: UInt64
    /// RBX: `hvm_start_info` for PVH.
    public var rbx: UInt64
    /// Flags: interrupts off.
    public var rflags: UInt64 = 2
    /// Control register 0.
    public var cr0: UInt64
    /// Control register 3: the identity page tables, or 0 without paging.
    public var cr3: UInt64
    /// Control register 4.
    public var cr4: UInt64
    /// Extended feature enable register.
    public var efer: UInt64
    /// CS.
    public var code: SegmentRegister
    /// DS, ES, FS, GS and SS.
    public var data: SegmentRegister
    /// TR.
    public var task: SegmentRegister
    /// Address of the GDT in guest memory.
    public var gdtBase: UInt64
    /// Limit of the GDT in bytes, inclusive.
    public var gdtLimit: UInt16
    /// Address of the IDT; there is none, interrupts are off.
    public var idtBase: UInt64 = 0
    /// Limit of the IDT.
    public var idtLimit: UInt16 = 0

    /// Entry in long mode with the identity map of `BootState` (CR0: PG AM WP NE ET MP PE; CR4: PAE; EFER: LMA LME).
    static func linux64(rip: UInt64) -> BootEntry {
        BootEntry(
            entryProtocol: .linux64, rip: rip, rsp: FirstMegabyte.stackTop, rsi: FirstMegabyte.zeroPage, rbx: 0,
            cr0: 0x8005_0033, cr3: FirstMegabyte.pageTables, cr4: 0x20, efer: 0x500, code: .code64, data: .data,
            task: .task, gdtBase: FirstMegabyte.gdt, gdtLimit: SegmentRegister.tableLimit)
    }

    /// Entry in flat protected mode (CR0: ET PE).
    static func pvh(rip: UInt64) -> BootEntry {
        BootEntry(
            entryProtocol: .pvh, rip: rip, rsp: FirstMegabyte.stackTop, rsi: 0, rbx: FirstMegabyte.startInfo,
            cr0: 0x11, cr3: 0, cr4: 0, efer: 0, code: .code32, data: .data, task: .task, gdtBase: FirstMegabyte.gdt,
            gdtLimit: SegmentRegister.tableLimit)
    }
}
