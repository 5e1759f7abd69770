// SPDX-License-Identifier: Apache-2.0

import Hardware

/// This processor's local APIC, in xAPIC mode through its page or in x2APIC mode through MSRs (Intel SDM 3A §11).
public struct LocalAPIC {
    /// How the registers are reached.
    public enum Mode { case memory, registers }

    private static let base: UInt64 = 0xFEE0_0000
    /// How the registers are reached.
    public let mode: Mode

    /// A register by its xAPIC offset.
    public func read(_ offset: UInt32) -> UInt32 {
        switch mode {
        case .memory: hw_load32(LocalAPIC.base + UInt64(offset))
        case .registers: UInt32(truncatingIfNeeded: Processor.readMSR(0x800 + offset >> 4))
        }
    }

    /// Writes a register by its xAPIC offset.
    public func write(_ offset: UInt32, _ value: UInt32) {
        switch mode {
        case .memory: hw_store32(LocalAPIC.base + UInt64(offset), value)
        case .registers: Processor.writeMSR(0x800 + offset >> 4, UInt64(value))
        }
    }

    /// This processor's APIC id.
    public var id: UInt32 { mode == .memory ? read(0x20) >> 24 : read(0x20) }

    /// Enables the APIC with LINT0 and LINT1 masked.
    func start() {
        if mode == .registers { Processor.writeMSR(0x1B, Processor.readMSR(0x1B) | 1 << 10 | 1 << 11) }
        write(0x350, 1 << 16)
        write(0x360, 1 << 16)
        write(0x80, 0)
        write(0xF0, 0x100 | UInt32(VECTOR_SPURIOUS))
    }

    /// Sends an interrupt command: `command` is the low half of ICR.
    public func send(_ command: UInt32, to destination: UInt32) {
        switch mode {
        case .memory:
            write(0x310, destination << 24)
            write(0x300, command)
            while read(0x300) & 1 << 12 != 0 { hw_pause() }
        case .registers:
            Processor.writeMSR(0x830, UInt64(destination) << 32 | UInt64(command))
        }
    }

    /// Sends a fixed interrupt to one processor.
    public func interrupt(_ destination: UInt32, vector: UInt8) {
        send(0x4000 | UInt32(vector), to: destination)
    }

    /// Sends a fixed interrupt to every processor but this one.
    public func interruptOthers(vector: UInt8) {
        send(0xC4000 | UInt32(vector), to: 0)
    }

    /// Starts the timer: periodic, `count` ticks of its clock divided by 16.
    public func startPeriodicTimer(vector: UInt8, count: UInt32) {
        write(0x3E0, 0x3)
        write(0x320, 1 << 17 | UInt32(vector))
        write(0x380, count)
    }

    /// Starts the timer: one interrupt after `count` ticks of its clock divided by 16.
    public func startOneShotTimer(vector: UInt8, count: UInt32) {
        write(0x3E0, 0x3)
        write(0x320, UInt32(vector))
        write(0x380, count)
    }

    /// Puts the timer in TSC-deadline mode and sets the first deadline.
    public func startDeadlineTimer(vector: UInt8, deadline: UInt64) {
        write(0x320, 2 << 17 | UInt32(vector))
        hw_fence()
        Processor.writeMSR(0x6E0, deadline)
    }

    /// Stops the timer in any mode.
    public func stopTimer() {
        write(0x320, 1 << 16)
        write(0x380, 0)
    }
}
