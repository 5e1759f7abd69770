// SPDX-License-Identifier: Apache-2.0

public import Bus
public import Linux
import Synchronization

/// The ACPI power management block at 0x600: PM1 events, PM1 control, the PM timer and GPE0 (ACPI 6.5 §4.8).
///
/// The machine is always in ACPI mode: SCI_EN reads as one. Sleep type 0 is S5 and turns the power off; no other type
/// does anything. The global lock has no other side: GBL_RLS is ignored and GBL_STS is never set.
///
/// The PM timer follows the host's monotonic clock less the time the machine stood paused, so the guest sees it stop and
/// go on where it was; on another host it goes on from the saved value. It never goes back.
public final class PowerDevice: ByteRegisters, TimedDevice {
    /// Where the block starts and the FADT says it is.
    public static let port: UInt64 = 0x600
    /// Its length, as in an ICH9.
    public static let portCount: UInt64 = 0x80
    /// Offset of the PM1 event registers, status first.
    public static let eventOffset: UInt64 = 0x00
    /// Offset of PM1 control.
    public static let controlOffset: UInt64 = 0x04
    /// Offset of the PM timer.
    public static let timerOffset: UInt64 = 0x08
    /// Offset of GPE0: 8 bytes of status, 8 of enable.
    public static let gpeOffset: UInt64 = 0x20

    private struct Guarded {
        var state = PowerState()
        // The timer ran `state.timerNanoseconds` up to here; nil while the machine is paused.
        var runningSince: UInt64?
        // Ticks up to which TMR_STS is up to date.
        var lastTicks: UInt64 = 0
        // The level the line was left at.
        var asserted = false
    }

    private let guarded: Mutex<Guarded>
    private let interrupt: any InterruptLine
    private let signals: any MachineSignals
    private let time: any TimeSource
    private let timer: Timer

    /// A block whose PM timer starts at zero.
    /// - Throws: `Errno` of `timerfd_create`.
    public init(
        interrupt: any InterruptLine, signals: any MachineSignals, time: any TimeSource = HostTime()
    ) throws(Errno) {
        timer = try Timer()
        guarded = Mutex(Guarded(runningSince: time.monotonic))
        self.interrupt = interrupt
        self.signals = signals
        self.time = time
    }

    /// Expires when the PM timer's top bit changes and the guest has enabled that interrupt.
    public var timerDescriptor: Int32 { timer.descriptor.raw }

    /// Sets TMR_STS when it is due.
    public func timerExpired() {
        timer.drain()
        change { _ in }
    }

    /// Presses the power button: the guest finds PWRBTN_STS set and, when it listens, an SCI.
    public func pressPowerButton() { change { $0.status |= PowerState.powerButtonBit } }

    /// Sets the status bit of a general purpose event (0 to 63).
    public func raise(event: Int) {
        guard 0..<64 ~= event else { return }
        change { $0.eventStatus |= 1 << UInt64(event) }
    }

    /// Stops the PM timer while the machine is paused.
    public func pause() {
        guarded.withLock { g in
            g.state.timerNanoseconds = nanoseconds(g)
            g.runningSince = nil
        }
    }

    /// Lets the PM timer go on.
    public func resume() {
        guarded.withLock { g in
            if g.runningSince == nil { g.runningSince = time.monotonic }
            arm(&g)
        }
    }

    /// What a machine reset does: all but the PM timer starts anew.
    public func reset() {
        change { state in
            var fresh = PowerState()
            fresh.timerNanoseconds = state.timerNanoseconds
            state = fresh
        }
    }

    /// The registers now, to be saved.
    public var state: PowerState {
        guarded.withLock { g in
            var state = g.state
            state.timerNanoseconds = nanoseconds(g)
            return state
        }
    }

    /// Puts saved registers back; the PM timer goes on from the saved value.
    public func restore(_ saved: PowerState) {
        guarded.withLock { g in
            g.state = saved
            if g.runningSince != nil { g.runningSince = time.monotonic }
            g.lastTicks = PowerState.ticks(saved.timerNanoseconds)
            arm(&g)
            settle(&g)
        }
    }

    /// Reads; four bytes at the PM timer are one moment's count.
    public func read(offset: UInt64, size: Int) -> UInt64 {
        if offset == PowerDevice.timerOffset, size == 4 {
            return PowerState.ticks(guarded.withLock { nanoseconds($0) }) & 0xFFFF_FFFF
        }
        var value: UInt64 = 0
        for i in 0..<UInt64(min(max(size, 0), 8)) { value |= UInt64(read(byte: offset &+ i)) << (8 * i) }
        return value
    }

    /// Reads one byte of a register; zero where there is none.
    public func read(byte offset: UInt64) -> UInt8 {
        guarded.withLock { g in
            switch offset {
            case 0x00, 0x01:
                update(&g)
                settle(&g)
                return byte(UInt64(g.state.status), offset)
            case 0x02, 0x03: return byte(UInt64(g.state.enable), offset &- 2)
            case 0x04, 0x05: return byte(UInt64(g.state.control | PowerState.interruptsEnabled), offset &- 4)
            case 0x08...0x0B: return byte(PowerState.ticks(nanoseconds(g)), offset &- 8)
            case 0x20...0x27: return byte(g.state.eventStatus, offset &- 0x20)
            case 0x28...0x2F: return byte(g.state.eventEnable, offset &- 0x28)
            default: return 0
            }
        }
    }

    /// Writes one byte of a register; ones written to status bits clear them.
    public func write(byte offset: UInt64, value: UInt8) {
        let wide = UInt64(value)
        switch offset {
        case 0x00, 0x01: change { $0.status &= ~(UInt16(value) << (8 * UInt16(offset))) }
        case 0x02, 0x03:
            change { $0.enable = UInt16(replace(UInt64($0.enable), offset &- 2, value)) & PowerState.enableBits }
        case 0x04, 0x05:
            change { $0.control = UInt16(replace(UInt64($0.control), offset &- 4, value)) & PowerState.controlBits }
            let written = UInt16(value) << 8
            if offset == 0x05, written & PowerState.sleepEnable != 0, written & PowerState.sleepType == 0 {
                signals.requestPowerOff()
            }
        case 0x20...0x27: change { $0.eventStatus &= ~(wide << (8 * (offset &- 0x20))) }
        case 0x28...0x2F: change { $0.eventEnable = replace($0.eventEnable, offset &- 0x28, value) }
        default: break
        }
    }

    // The line is set under the lock: two threads that change it leave it as the later state wants it.
    private func change(_ body: (inout PowerState) -> Void) {
        guarded.withLock { g in
            update(&g)
            body(&g.state)
            if g.state.enable & PowerState.timerBit != 0 { arm(&g) }
            settle(&g)
        }
    }

    private func settle(_ g: inout Guarded) {
        guard g.asserted != g.state.interrupts else { return }
        g.asserted.toggle()
        interrupt.set(g.asserted)
    }

    private func nanoseconds(_ g: borrowing Guarded) -> UInt64 {
        guard let since = g.runningSince else { return g.state.timerNanoseconds }
        let now = time.monotonic
        return g.state.timerNanoseconds &+ (now > since ? now &- since : 0)
    }

    // TMR_STS: bit 31 of the timer changed since the last look (ACPI 6.5 §4.8.3.1).
    private func update(_ g: inout Guarded) {
        let ticks = PowerState.ticks(nanoseconds(g))
        if ticks >> 31 != g.lastTicks >> 31 { g.state.status |= PowerState.timerBit }
        g.lastTicks = ticks
    }

    private func arm(_ g: inout Guarded) {
        guard g.runningSince != nil, g.state.enable & PowerState.timerBit != 0 else { return }
        let left = (1 << 31) - PowerState.ticks(nanoseconds(g)) & 0x7FFF_FFFF
        // A kernel that refuses to arm leaves TMR_STS to be found by the next read.
        try? timer.set(nanoseconds: left &* 1_000_000_000 / PowerState.frequency &+ 1000)
    }

    private func byte(_ value: UInt64, _ index: UInt64) -> UInt8 { UInt8(truncatingIfNeeded: value >> (8 * index)) }

    private func replace(_ value: UInt64, _ index: UInt64, _ byte: UInt8) -> UInt64 {
        value & ~(0xFF << (8 * index)) | UInt64(byte) << (8 * index)
    }
}
