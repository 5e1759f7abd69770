// SPDX-License-Identifier: Apache-2.0

/// How processors are made to tick: TSC-deadline when the processor offers it, else the APIC's periodic timer.
public struct Timer {
    private let deadline: Bool
    private let cycles: UInt64
    private let counts: UInt32
    private let cyclesPerMillisecond: UInt64
    private let countsPerMillisecond: UInt64
    /// The vector it raises.
    public let vector: UInt8

    /// A timer for any processor: `rate` interrupts a second when it runs periodically.
    public init(machine: Machine, rate: UInt64, vector: UInt8) {
        let offered = Processor.cpuid(1).ecx & 1 << 24 != 0
        deadline = offered && !machine.arguments.has("timer", "periodic")
        cyclesPerMillisecond = machine.clock.cyclesPerMillisecond
        countsPerMillisecond = Timer.calibrate(machine, vector)
        cycles = max(cyclesPerMillisecond * 1000 / rate, 1)
        counts = UInt32(clamping: max(countsPerMillisecond * 1000 / rate, 1))
        self.vector = vector
    }

    /// The mode's name: `timer=periodic` on the command line refuses TSC-deadline.
    public var name: StaticString { deadline ? "deadline" : "periodic" }

    /// Starts ticking on the calling processor.
    public func start(on processor: Processor) {
        if deadline {
            processor.slot(vector).rearm(every: cycles)
            processor.apic.startDeadlineTimer(vector: vector, deadline: Clock.now + cycles)
        } else {
            processor.apic.startPeriodicTimer(vector: vector, count: counts)
        }
    }

    /// Arms one interrupt on the calling processor; gives the TSC at which it is due.
    public func startOnce(on processor: Processor, milliseconds: UInt64) -> UInt64 {
        let due = Clock.now + milliseconds * cyclesPerMillisecond
        if deadline {
            processor.slot(vector).rearm(every: 0)
            processor.apic.startDeadlineTimer(vector: vector, deadline: due)
        } else {
            processor.apic.startOneShotTimer(
                vector: vector, count: UInt32(clamping: milliseconds * countsPerMillisecond))
        }
        return due
    }

    /// Stops the calling processor's timer.
    public func stop(on processor: Processor) {
        processor.slot(vector).rearm(every: 0)
        processor.apic.stopTimer()
    }

    /// Ticks of the APIC timer's clock (divided by 16) in a millisecond, with its interrupt masked.
    private static func calibrate(_ machine: Machine, _ vector: UInt8) -> UInt64 {
        let apic = machine.processor.apic
        apic.startOneShotTimer(vector: vector, count: .max)
        apic.write(0x320, 1 << 16)
        let (from, start) = (apic.read(0x390), Clock.now)
        machine.clock.spin(microseconds: 10_000)
        let (to, end) = (apic.read(0x390), Clock.now)
        apic.stopTimer()
        return UInt64(from &- to) * machine.clock.cyclesPerMillisecond / max(end &- start, 1)
    }
}
