// SPDX-License-Identifier: Apache-2.0

public import Linux
public import PCI
import Synchronization

/// The watchdog of Intel's 6300ESB, 8086:25ab, as Linux's `i6300esb` and Windows drive it: a timer of two stages that
/// the guest must begin anew again and again.
///
/// The end of the first stage would interrupt; this machine has no such wire, as QEMU's has none, so it only begins the
/// second, at whose end `MachineSignals.watchdogExpired` is called and the watchdog stops. Time stands still while
/// the machine is paused. Registers that do not exist read as zero and swallow writes.
public final class Watchdog: PCIFunction, TimedDevice {
    /// Where the firmware would have placed the BAR.
    public let address: UInt64
    private let bar: BAR
    private let decoder: MemoryDecoder
    private let timer: WatchdogTimer
    private let initial: ConfigurationSpace
    // Taken before the decoder's lock.
    private let space: Mutex<ConfigurationSpace>

    private static let configurationOffset = 0x60
    private static let lockOffset = 0x68

    /// A watchdog that answers at once, as after firmware, and does not run.
    /// - Throws: `Errno` of `timerfd_create`; ENOSPC when the allocator's window is full.
    public init(
        allocator: inout BARAllocator, decoder: MemoryDecoder, signals: any MachineSignals,
        time: any TimeSource = HostTime()
    ) throws(Errno) {
        let bar = BAR(index: 0, minimumBytes: 16, is64Bit: false)
        guard let address = allocator.allocate(bar) else { throw Errno(code: 28, call: "bar") }
        var space = ConfigurationSpace(
            Identity(
                vendor: 0x8086, device: 0x25AB, revision: 0, classCode: 0x08_80_00, subsystemVendor: 0x1AF4,
                subsystem: 0x1100))
        space.addBAR(bar, address: address)
        space.enableMemory()
        timer = try WatchdogTimer(WatchdogState(), signals: signals, time: time)
        self.address = address
        self.bar = bar
        self.decoder = decoder
        initial = space
        self.space = Mutex(space)
        decode(space)
    }

    /// Reads registers.
    public func readConfiguration(offset: Int, size: Int) -> UInt32 {
        var value = space.withLock { $0.read(offset: offset, size: size) }
        let registers = timer.registers
        for (at, byte) in [
            (Watchdog.configurationOffset, registers.configuration), (Watchdog.lockOffset, registers.lock),
        ] where offset <= at && at < offset + size { value |= UInt32(byte) << UInt32(8 * (at - offset)) }
        return value
    }

    /// Writes registers.
    public func writeConfiguration(offset: Int, size: Int, value: UInt32) {
        space.withLock { space in
            space.write(offset: offset, size: size, value: value)
            decode(space)
        }
        func byte(_ at: Int) -> UInt8? {
            offset <= at && at < offset + size ? UInt8(truncatingIfNeeded: value >> UInt32(8 * (at - offset))) : nil
        }
        if let bits = byte(Watchdog.configurationOffset) { timer.write(configuration: bits) }
        if let bits = byte(Watchdog.lockOffset) { timer.write(lock: bits) }
    }

    /// Stops and forgets all but whether it has acted.
    public func reset() {
        space.withLock { space in
            space = initial
            decode(space)
        }
        timer.reset()
    }

    private func decode(_ space: ConfigurationSpace) {
        decoder.place(timer, bytes: bar.bytes, at: space.decodesMemory ? space.address(of: bar) : nil)
    }

    /// Expires with the stage that runs.
    public var timerDescriptor: Int32 { timer.descriptor }

    /// Goes on to the second stage, or acts.
    public func timerExpired() { timer.expired() }

    /// Stops its time.
    public func pause() { timer.pause() }

    /// Lets its time go on.
    public func resume() { timer.resume() }

    /// Everything to save.
    public var state: WatchdogState {
        var state = timer.registers
        state.space = space.withLock { $0.bytes }
        return state
    }

    /// Takes a saved state over; its time goes on unless the machine is paused. False, as after `reset`, when no watchdog
    /// can be in this state.
    public func restore(_ state: WatchdogState) -> Bool {
        reset()
        guard state.isPossible else { return false }
        let isRestored = space.withLock { space in
            guard space.restore(state.space) else { return false }
            decode(space)
            return true
        }
        if isRestored { timer.restore(state) }
        return isRestored
    }
}
