// SPDX-License-Identifier: Apache-2.0

import Bus
import Linux
import PCI
import Synchronization

/// The watchdog's registers behind its BAR, and the kernel timer that runs its stages.
final class WatchdogTimer: MemoryWindow {
    private struct Guarded {
        var registers: WatchdogState
        /// When the stage that runs ends, on the monotonic clock; nil while none runs or the machine is paused.
        var deadline: UInt64?
        var isPaused = false
    }

    private let signals: any MachineSignals
    private let time: any TimeSource
    private let timer: Timer
    private let guarded: Mutex<Guarded>

    /// - Throws: `Errno` of `timerfd_create`.
    init(_ registers: WatchdogState, signals: any MachineSignals, time: any TimeSource) throws(Errno) {
        timer = try Timer()
        guarded = Mutex(Guarded(registers: registers))
        self.signals = signals
        self.time = time
    }

    /// The registers now.
    var registers: WatchdogState {
        guarded.withLock { g in
            var registers = g.registers
            registers.left = left(g)
            return registers
        }
    }

    /// Takes saved registers over; their time goes on unless the machine is paused.
    func restore(_ registers: WatchdogState) {
        guarded.withLock { g in
            disarm(&g)
            g.registers = registers
            if let left = registers.left { run(left, &g) }
        }
    }

    /// The guest writes WDT_CONFIG.
    func write(configuration bits: UInt8) {
        guarded.withLock { $0.registers.configuration = bits & WatchdogState.configurationBits }
    }

    /// The guest writes WDT_LOCK.
    func write(lock bits: UInt8) {
        guarded.withLock { g in
            if g.registers.write(lock: bits) { begin(1, &g) }
            if !g.registers.isRunning { disarm(&g) }
        }
    }

    /// Stops and forgets all but whether it has acted.
    func reset() {
        guarded.withLock { g in
            g.registers.reset()
            disarm(&g)
        }
    }

    // MARK: MemoryWindow

    func placed(at address: UInt64) {}
    func removed(from address: UInt64) {}

    /// Reads what lies in one doubleword.
    func read(offset: UInt64, size: Int) -> UInt64 {
        guard offset < 0x10 else { return 0 }
        return UInt64(guarded.withLock { $0.registers.register(offset & ~3) } >> UInt32(8 * (offset & 3)))
    }

    /// Writes a register; see `WatchdogState` for what unlocks it.
    func write(offset: UInt64, size: Int, value: UInt64) {
        guarded.withLock { g in
            if g.registers.write(register: offset, size: size, value: value) { begin(1, &g) }
        }
    }

    // MARK: Time

    var descriptor: Int32 { timer.descriptor.raw }

    /// Goes on to the second stage, or acts.
    func expired() {
        timer.drain()
        let acts = guarded.withLock { g in
            guard let deadline = g.deadline else { return false }
            guard time.monotonic >= deadline else {
                arm(deadline)
                return false
            }
            if g.registers.stage == 1 {
                begin(2, &g)
                return false
            }
            let acts = g.registers.acts
            if acts {
                // As after a reset of the device: a guest that survives the action starts it again.
                g.registers.reset()
                g.registers.hasActed = true
            }
            if g.registers.isRunning, g.registers.lock & WatchdogState.freeRun != 0 {
                begin(1, &g)
            } else {
                disarm(&g)
            }
            return acts
        }
        if acts { signals.watchdogExpired() }
    }

    func pause() {
        guarded.withLock { g in
            g.registers.left = left(g)
            g.deadline = nil
            g.isPaused = true
            try? timer.set(nanoseconds: 0)
        }
    }

    func resume() {
        guarded.withLock { g in
            guard g.isPaused else { return }
            g.isPaused = false
            if let left = g.registers.left { run(left, &g) }
        }
    }

    private func begin(_ stage: UInt8, _ g: inout Guarded) {
        g.registers.stage = stage
        run(g.registers.stageNanoseconds, &g)
    }

    private func run(_ nanoseconds: UInt64, _ g: inout Guarded) {
        g.registers.left = nanoseconds
        guard !g.isPaused else { return }
        let deadline = time.monotonic &+ nanoseconds
        g.deadline = deadline
        arm(deadline)
    }

    private func arm(_ deadline: UInt64) {
        let now = time.monotonic
        // The kernel refuses only times that do not exist.
        try? timer.set(nanoseconds: deadline > now ? deadline - now : 1)
    }

    private func disarm(_ g: inout Guarded) {
        g.registers.left = nil
        g.deadline = nil
        try? timer.set(nanoseconds: 0)
    }

    private func left(_ g: borrowing Guarded) -> UInt64? {
        guard let deadline = g.deadline else { return g.registers.left }
        let now = time.monotonic
        return deadline > now ? deadline - now : 0
    }
}
