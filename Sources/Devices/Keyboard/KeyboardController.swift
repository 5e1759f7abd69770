// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// What is left of the i8042 keyboard controller: its reset line. There is no keyboard and no mouse.
///
/// Reset requests are the commands 0xF0 to 0xFF, which pulse output lines, with bit 0 (the CPU's reset) low, and the
/// command 0xD1, whose data byte sets the lines, with bit 0 low.
///
/// The status says "ready for commands", so that the reset loops of kernels do not wait, and "data waiting" for ever,
/// which Linux, SeaBIOS and FreeBSD take after a few reads as the sign that no controller is there. The FADT says the
/// same to kernels that believe it.
public final class KeyboardController: ByteRegisters {
    /// First port of the range: data at offset 0, status and commands at offset 4.
    public static let port: UInt64 = 0x60
    /// Number of ports; those in between belong to the PIT and the speaker.
    public static let portCount: UInt64 = 5

    private let signals: any MachineSignals
    private let awaitsOutputLines = Atomic<Bool>(false)

    private static let status: UInt8 = 0b0001_0101  // output full, system flag, keyboard not locked

    /// A controller that reports to `signals`.
    public init(signals: any MachineSignals) { self.signals = signals }

    /// The constant status, or all ones.
    public func read(byte offset: UInt64) -> UInt8 { offset == 4 ? KeyboardController.status : 0xFF }

    /// Obeys commands that reset, ignores all others.
    public func write(byte offset: UInt64, value: UInt8) {
        switch offset {
        case 0:
            let toOutputLines = awaitsOutputLines.exchange(false, ordering: .relaxed)
            if toOutputLines, value & 1 == 0 { signals.requestReset() }
        case 4:
            awaitsOutputLines.store(value == 0xD1, ordering: .relaxed)
            if value >= 0xF0, value & 1 == 0 { signals.requestReset() }
        default: break
        }
    }

    /// Whether the next data byte sets the output lines: all there is to save.
    public var state: Bool {
        get { awaitsOutputLines.load(ordering: .relaxed) }
        set { awaitsOutputLines.store(newValue, ordering: .relaxed) }
    }

    /// What a machine reset does.
    public func reset() { awaitsOutputLines.store(false, ordering: .relaxed) }
}
