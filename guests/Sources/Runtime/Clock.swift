// SPDX-License-Identifier: Apache-2.0

import Hardware

/// The time stamp counter and what one of its ticks is worth.
public struct Clock {
    /// TSC cycles in a millisecond.
    public let cyclesPerMillisecond: UInt64
    /// Where the frequency came from.
    public let source: StaticString

    init() throws(Failure) {
        if let rate = Clock.fromHypervisor() {
            (cyclesPerMillisecond, source) = (rate, "kvmclock")
        } else if let rate = Clock.fromPIT() {
            (cyclesPerMillisecond, source) = (rate, "pit")
        } else {
            throw Failure("no-clock")
        }
    }

    /// TSC now.
    public static var now: UInt64 { hw_tsc() }

    /// Milliseconds since a TSC value.
    public func milliseconds(since start: UInt64) -> UInt64 {
        (Clock.now &- start) / cyclesPerMillisecond
    }

    /// Waits by watching the TSC.
    public func spin(microseconds: UInt64) {
        let start = Clock.now
        let cycles = microseconds * cyclesPerMillisecond / 1000
        while Clock.now &- start < cycles { hw_pause() }
    }

    /// The scale of the pvclock page (Linux Documentation/virt/kvm/x86/msr.rst, MSR_KVM_SYSTEM_TIME_NEW).
    private static func fromHypervisor() -> UInt64? {
        guard Processor.cpuid(1).ecx & 1 << 31 != 0 else { return nil }
        let signature = Processor.cpuid(0x4000_0000)
        guard signature.ebx == 0x4B4D_564B, signature.ecx == 0x564B_4D56, Processor.cpuid(0x4000_0001).eax & 8 != 0,
            let page = Heap.allocate(bytes: 64, alignment: 64)
        else { return nil }
        let address = UInt64(UInt(bitPattern: page))
        Physical.clear(address, bytes: 64)
        Processor.writeMSR(0x4B56_4D01, address | 1)
        let multiplier = UInt64(hw_load32(address + 24))
        let shift = Int8(bitPattern: hw_load8(address + 28))
        Processor.writeMSR(0x4B56_4D01, 0)
        guard multiplier != 0 else { return nil }
        // ns = (tsc << shift) * multiplier >> 32
        let scaled = (UInt64(1_000_000) << 32) / multiplier
        return shift >= 0 ? scaled >> UInt64(shift) : scaled << UInt64(-shift)
    }

    /// 20 ms of PIT channel 0, which counts down at 1193182 Hz with its interrupt masked.
    private static func fromPIT() -> UInt64? {
        hw_out8(0x43, 0x34)
        hw_out8(0x40, 0xFF)
        hw_out8(0x40, 0xFF)
        let wanted: UInt32 = 23864
        let (first, start) = (latch(), Clock.now)
        var patience = 1_000_000
        while patience > 0 {
            let elapsed = UInt32(first &- latch())
            let now = Clock.now
            if elapsed >= wanted { return (now &- start) * 1_193_182 / (UInt64(elapsed) * 1000) }
            patience -= 1
        }
        return nil
    }

    private static func latch() -> UInt16 {
        hw_out8(0x43, 0x00)
        let low = UInt16(hw_in8(0x40))
        return UInt16(hw_in8(0x40)) << 8 | low
    }
}
