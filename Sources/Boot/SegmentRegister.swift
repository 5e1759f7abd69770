// SPDX-License-Identifier: Apache-2.0

/// A segment register with its hidden part, field for field what `kvm_segment` holds (Intel SDM 3A 3.4.5).
public struct SegmentRegister: Equatable, Sendable {
    /// Linear base address.
    public var base: UInt64 = 0
    /// Limit in bytes, inclusive, granularity applied.
    public var limit: UInt32
    /// Selector.
    public var selector: UInt16
    /// Type field, four bits.
    public var type: UInt8
    /// Whether this is a code or data segment (S).
    public var isCodeOrData: Bool
    /// Whether code runs in 64-bit mode (L).
    public var isLong: Bool = false
    /// Default operand size of 32 bits (D/B).
    public var is32Bit: Bool = false
    /// Limit counted in pages (G).
    public var isPageGranular: Bool

    static let code64 = SegmentRegister(
        limit: .max, selector: 0x10, type: 0xB, isCodeOrData: true, isLong: true, isPageGranular: true)
    static let code32 = SegmentRegister(
        limit: .max, selector: 0x10, type: 0xB, isCodeOrData: true, is32Bit: true, isPageGranular: true)
    static let data = SegmentRegister(
        limit: .max, selector: 0x18, type: 0x3, isCodeOrData: true, is32Bit: true, isPageGranular: true)
    static let task = SegmentRegister(
        limit: 0x67, selector: 0x20, type: 0xB, isCodeOrData: false, isPageGranular: false)

    /// Limit of the table that `table(code:)` makes.
    static let tableLimit: UInt16 = 6 * 8 - 1

    /// The GDT that agrees with the registers: null, null, code, data and a task segment of two slots.
    static func table(code: SegmentRegister) -> [UInt8] {
        var out: [UInt8] = []
        for descriptor in [0, 0, code.descriptor, data.descriptor, task.descriptor, 0] { out.append(le: descriptor) }
        return out
    }

    /// The eight bytes of this segment in a descriptor table; always present, privilege level 0.
    private var descriptor: UInt64 {
        let units = isPageGranular ? limit >> 12 : limit
        let access = UInt64(type & 0xF) | (isCodeOrData ? 0x10 : 0) | 0x80
        let flags: UInt64 = (isLong ? 2 : 0) | (is32Bit ? 4 : 0) | (isPageGranular ? 8 : 0)
        return UInt64(units & 0xFFFF) | (base & 0xFF_FFFF) << 16 | access << 40 | UInt64(units >> 16 & 0xF) << 48
            | flags << 52 | (base >> 24 & 0xFF) << 56
    }
}
