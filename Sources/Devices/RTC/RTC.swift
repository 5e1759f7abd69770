// SPDX-License-Identifier: Apache-2.0

public import Bus
public import GuestMemory
public import Linux
import Synchronization

/// The real-time clock and CMOS memory at ports 0x70 and 0x71 (Motorola MC146818A).
///
/// Bit 7 of the index, which masks NMIs on a PC, is ignored. Time bytes are computed from the host's clock when they
/// are read, so an idle clock costs nothing. Events become flags of register C when somebody looks; only while the
/// guest has enabled an interrupt and acknowledged the last one does a timer run, for the one next event. Linux uses
/// the alarm (`rtcwake`, and its emulation of update interrupts by an alarm every second) and the periodic interrupt.
public final class RTC: ByteRegisters, TimedDevice {
    /// The index port; data is the next one.
    public static let port: UInt64 = 0x70
    /// Number of ports.
    public static let portCount: UInt64 = 2
    /// Its ISA interrupt.
    public static let interruptNumber = 8

    private let guarded: Mutex<RTCState>
    private let interrupt: Interrupt
    private let time: any TimeSource
    private let timer: Timer

    /// A clock that shows the host's time in UTC, moved by `offsetSeconds`, and the sizes of `memory`.
    /// - Throws: `Errno` of `timerfd_create`.
    public init(
        interrupt: Interrupt, memory: RAMLayout, offsetSeconds: Int64 = 0, time: any TimeSource = HostTime()
    ) throws(Errno) {
        timer = try Timer()
        var state = RTCState()
        state.setMemorySize(memory)
        state.offsetSeconds = offsetSeconds
        (state.checkedSeconds, state.checkedNanoseconds) = state.time(time.realtime)
        guarded = Mutex(state)
        self.interrupt = interrupt
        self.time = time
    }

    /// Expires when an interrupt is due.
    public var timerDescriptor: Int32 { timer.descriptor.raw }

    /// Raises the interrupt when one is due.
    public func timerExpired() {
        timer.drain()
        change { state, host in state.catchUp(host: host) }
    }

    /// Reads the selected byte; the index port itself reads as all ones.
    public func read(byte offset: UInt64) -> UInt8 {
        guard offset == 1 else { return 0xFF }
        return guarded.withLock { state in
            let host = time.realtime
            let acknowledges = Int(state.index) == RTCState.c
            let value = state.read(host: host)
            // The acknowledged interrupt makes way for the next one.
            if acknowledges { arm(state, host) }
            return value
        }
    }

    /// Selects a byte or writes the selected one.
    public func write(byte offset: UInt64, value: UInt8) {
        switch offset {
        case 0: guarded.withLock { $0.index = value & 0x7F }
        case 1: change { state, host in state.write(value, host: host) }
        default: break
        }
    }

    /// What a machine reset does: interrupts off, everything else stays.
    public func reset() { change { state, _ in state.reset() } }

    /// The clock now, to be saved.
    public var state: RTCState { guarded.withLock { $0 } }

    /// Puts a saved clock back.
    public func restore(_ saved: RTCState) {
        guarded.withLock { state in
            state = saved
            arm(state, time.realtime)
        }
        if saved.interruptsPending { interrupt.raise() }
    }

    // The interrupt is an edge: it is raised when the request flag rises.
    private func change(_ body: (inout RTCState, _ host: UInt64) -> Void) {
        let rises = guarded.withLock { state in
            let host = time.realtime
            let before = state.interruptsPending
            body(&state, host)
            arm(state, host)
            return !before && state.interruptsPending
        }
        if rises { interrupt.raise() }
    }

    private func arm(_ state: borrowing RTCState, _ host: UInt64) {
        // A kernel that refuses to arm leaves the flags to be found by the next read.
        try? timer.set(nanoseconds: UInt64(state.untilNextEvent(host: host) ?? 0))
    }
}
