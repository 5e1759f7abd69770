// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Port 0x92, "system control port A": bit 0 resets the CPU when it rises, bit 1 opens the A20 gate.
///
/// The gate is always open as far as memory is concerned; its bit reads back as written.
public final class SystemControlPort: ByteRegisters {
    /// Where a PC has it.
    public static let port: UInt64 = 0x92

    private let signals: any MachineSignals
    private let register = Atomic<UInt8>(SystemControlPort.initial)
    private static let initial: UInt8 = 0b10

    /// A port that reports to `signals`.
    public init(signals: any MachineSignals) { self.signals = signals }

    /// The two bits as they were written.
    public func read(byte offset: UInt64) -> UInt8 { register.load(ordering: .relaxed) }

    /// Keeps both bits; a rising bit 0 asks for a reset.
    public func write(byte offset: UInt64, value: UInt8) {
        let old = register.exchange(value & 0b11, ordering: .relaxed)
        if value & 1 != 0, old & 1 == 0 { signals.requestReset() }
    }

    /// The register, to be saved and put back; nothing is asked for by that.
    public var state: UInt8 {
        get { register.load(ordering: .relaxed) }
        set { register.store(newValue & 0b11, ordering: .relaxed) }
    }

    /// What a machine reset does.
    public func reset() { register.store(SystemControlPort.initial, ordering: .relaxed) }
}
