// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// The reset control register at port 0xCF9, the one the FADT names (Intel ICH9 datasheet §13.7.5 RST_CNT).
///
/// Writing bit 2 (RST_CPU) asks for a reset, whatever kind bits 1 (SYS_RST) and 3 (FULL_RST) choose: a soft reset of a
/// virtual machine would save nothing. Place it before the PCI configuration ports, whose range it lies in: a dword at
/// 0xCF8 is still theirs.
public final class ResetControl: ByteRegisters {
    /// Where a PC has it.
    public static let port: UInt64 = 0xCF9
    /// What the FADT tells a kernel to write.
    public static let resetValue: UInt8 = 0x06

    private let signals: any MachineSignals
    private let register = Atomic<UInt8>(0)

    /// A register that reports to `signals`.
    public init(signals: any MachineSignals) { self.signals = signals }

    /// The bits that choose the kind of reset; bit 2 never stays set.
    public func read(byte offset: UInt64) -> UInt8 { register.load(ordering: .relaxed) }

    /// Keeps the kind; bit 2 asks for the reset.
    public func write(byte offset: UInt64, value: UInt8) {
        register.store(value & 0b1010, ordering: .relaxed)
        if value & 0b100 != 0 { signals.requestReset() }
    }

    /// The register, to be saved and put back; bits that do not stay set are dropped.
    public var state: UInt8 {
        get { register.load(ordering: .relaxed) }
        set { register.store(newValue & 0b1010, ordering: .relaxed) }
    }

    /// What a machine reset does.
    public func reset() { register.store(0, ordering: .relaxed) }
}
