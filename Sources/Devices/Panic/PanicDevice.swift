// SPDX-License-Identifier: Apache-2.0

/// The pvpanic device: one port by which a guest's kernel says that it has panicked.
///
/// It keeps no state. Bits that no event has are ignored; a write with several events reports each once.
public final class PanicDevice: ByteRegisters {
    /// Where QEMU has it and the DSDT says it is.
    public static let port: UInt64 = 0x505

    private let signals: any MachineSignals
    private static let supported = GuestPanic.allCases.reduce(0) { $0 | $1.rawValue }

    /// A device that reports to `signals`.
    public init(signals: any MachineSignals) { self.signals = signals }

    /// The events that are understood.
    public func read(byte offset: UInt64) -> UInt8 { PanicDevice.supported }

    /// Reports each event whose bit is set.
    public func write(byte offset: UInt64, value: UInt8) {
        for event in GuestPanic.allCases where value & event.rawValue != 0 { signals.guestPanicked(event) }
    }
}
