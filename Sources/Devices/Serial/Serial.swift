// SPDX-License-Identifier: Apache-2.0

public import Bus
import Synchronization

/// A 16550A serial port, the guest's first console.
///
/// The interrupt is an edge: it is raised when a cause becomes pending that was not pending before the access, and a
/// driver that looks at IIR until nothing is pending, as all of them do for ISA ports, misses none. OUT2 does not gate
/// it. A transmitter that was found empty (IIR read) interrupts again after the next byte; a burst of writes in between
/// interrupts once.
public final class Serial: ByteRegisters, ConsoleInput {
    /// Where the first port of a PC is.
    public static let port: UInt64 = 0x3F8
    /// Number of registers.
    public static let portCount: UInt64 = 8
    /// Its ISA interrupt.
    public static let interruptNumber = 4

    private let registers = Mutex(SerialState())
    private let interrupt: Interrupt
    private let sink: any ConsoleSink

    /// A port that sends to `sink`.
    public init(interrupt: Interrupt, sink: any ConsoleSink) {
        self.interrupt = interrupt
        self.sink = sink
    }

    /// Reads a register.
    @inline(__always)
    public func read(byte offset: UInt64) -> UInt8 {
        let (value, effect) = registers.withLock { $0.read(offset) }
        perform(effect)
        return value
    }

    /// Writes a register; output goes to the sink before this returns.
    @inline(__always)
    public func write(byte offset: UInt64, value: UInt8) {
        perform(registers.withLock { $0.write(offset, value) })
    }

    /// Number of bytes the line takes now.
    public func room() -> Int { registers.withLock { $0.room() } }

    /// Puts bytes on the line, as many as it takes.
    public func receive(_ bytes: Span<UInt8>) -> Int {
        var taken = 0
        let effect = change { state in
            taken = min(state.room(), bytes.count)
            for i in 0..<taken { state.arrive(UInt16(bytes[i])) }
        }
        perform(effect)
        return taken
    }

    /// Sends the guest a break, which Linux takes for the first half of a magic SysRq; dropped when the line is full.
    public func receiveBreak() {
        perform(change { if $0.room() > 0 { $0.arrive(0x1000) } })
    }

    /// What a machine reset does; input that the guest has not read stays.
    public func reset() {
        perform(change { $0.reset() })
    }

    /// The registers now, to be saved.
    public var state: SerialState { registers.withLock { $0 } }

    /// Puts saved registers back and interrupts for whatever was pending.
    public func restore(_ saved: SerialState) {
        registers.withLock { $0 = saved }
        if !saved.causes.isEmpty { interrupt.raise() }
        sink.inputHasRoom()
    }

    private func change(_ body: (inout SerialState) -> Void) -> SerialEffect {
        registers.withLock { state in
            let before = state.causes
            var effect = SerialEffect()
            body(&state)
            state.refill(&effect)
            effect.interrupts = !state.causes.subtracting(before).isEmpty
            return effect
        }
    }

    @inline(__always)
    private func perform(_ effect: SerialEffect) {
        if let byte = effect.transmitted { sink.transmit(byte) }
        if effect.interrupts { interrupt.raise() }
        if effect.hasRoom { sink.inputHasRoom() }
    }
}
