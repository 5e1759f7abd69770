// SPDX-License-Identifier: Apache-2.0

public import Record

/// The registers of the 6300ESB's watchdog (Intel 6300ESB I/O Controller Hub datasheet §16.5), and how much of its time
/// is left.
public struct WatchdogState: Recordable, Equatable, Sendable {
    /// The record's name in a stream.
    public static let recordName = "i6300esb"

    /// The first 256 bytes of configuration space; what lies behind `configuration` and `lock` is in the fields below.
    public internal(set) var space: [UInt8] = []
    /// WDT_CONFIG: interrupt type in bits 0 and 1, the fast clock in bit 2, no action in bit 5.
    public internal(set) var configuration: UInt8 = 0
    /// WDT_LOCK: locked in bit 0, running in bit 1, free-running in bit 2.
    public internal(set) var lock: UInt8 = 0
    /// Ticks of the first stage.
    public internal(set) var preload1: UInt32 = WatchdogState.preloadMask
    /// Ticks of the second stage.
    public internal(set) var preload2: UInt32 = WatchdogState.preloadMask
    /// The stage that runs, 1 or 2.
    public internal(set) var stage: UInt8 = 1
    /// How many of the two unlocking writes have come.
    public internal(set) var unlocked: UInt8 = 0
    /// The watchdog acted; only the guest clears this.
    public internal(set) var hasActed = false
    /// Nanoseconds left of the stage that runs; nil while none does.
    public internal(set) var left: UInt64?

    /// The registers as the machine is built.
    init() {}

    /// The registers after a reset of the machine: what the watchdog did before is still told.
    mutating func reset() {
        let acted = hasActed
        self = WatchdogState()
        hasActed = acted
    }

    var isRunning: Bool { lock & WatchdogState.enable != 0 }
    var acts: Bool { configuration & WatchdogState.noAction == 0 }

    /// The length of the stage that runs, in nanoseconds. A tick is 32 Ki or 32 clocks of 33 MHz, and a stage takes
    /// 50 ms at least: the guest must not keep those busy who serve the timer and hear that it barked.
    var stageNanoseconds: UInt64 {
        let ticks = UInt64(stage == 2 ? preload2 : preload1)
        let shift: UInt64 = configuration & WatchdogState.fastClock != 0 ? 5 : 15
        return max((ticks << shift) * 30, 50_000_000)
    }

    /// The guest writes WDT_LOCK; says whether the timer is to begin anew.
    mutating func write(lock value: UInt8) -> Bool {
        guard lock & WatchdogState.locked == 0 else { return false }
        let ran = isRunning
        lock = value & (WatchdogState.locked | WatchdogState.enable | WatchdogState.freeRun)
        if !isRunning { left = nil }
        return isRunning && !ran
    }

    /// The guest writes a register behind the BAR; says whether the timer is to begin anew.
    ///
    /// Only the write behind the two that unlock has an effect, and only on the register it is meant for.
    mutating func write(register: UInt64, size: Int, value: UInt64) -> Bool {
        let value = UInt32(truncatingIfNeeded: value)
        if register == WatchdogState.reload, value == 0x80 {
            unlocked = 1
            return false
        }
        if register == WatchdogState.reload, value == 0x86, unlocked == 1 {
            unlocked = 2
            return false
        }
        guard unlocked == 2, size >= 2 else { return false }
        unlocked = 0
        switch register {
        case 0 where size == 4: preload1 = value & WatchdogState.preloadMask
        case 4 where size == 4: preload2 = value & WatchdogState.preloadMask
        case WatchdogState.reload:
            // Linux clears the flag by bit 12 where the datasheet has bit 9.
            if value & 0x1200 != 0 { hasActed = false }
            return value & 0x100 != 0 && isRunning
        default: break
        }
        return false
    }

    /// What the guest reads in one doubleword behind the BAR.
    func register(_ offset: UInt64) -> UInt32 {
        switch offset {
        case 0: preload1
        case 4: preload2
        case WatchdogState.reload: hasActed ? 0x1200 : 0
        default: 0
        }
    }

    static let locked: UInt8 = 1
    static let enable: UInt8 = 2
    static let freeRun: UInt8 = 4
    static let fastClock: UInt8 = 1 << 2
    static let noAction: UInt8 = 1 << 5
    static let configurationBits: UInt8 = 0b10_0111
    static let preloadMask: UInt32 = 0xF_FFFF
    static let reload: UInt64 = 0x0C

    /// Puts every field.
    public func encode(into fields: inout RecordEncoder) {
        fields.put("space", space)
        fields.put("configuration", configuration)
        fields.put("lock", lock)
        fields.put("preload1", preload1)
        fields.put("preload2", preload2)
        fields.put("stage", stage)
        fields.put("unlocked", unlocked)
        fields.put("hasActed", hasActed)
        fields.put("left", left)
    }

    /// Takes every field.
    /// - Throws: `RecordError` when a field is missing or is not what it should be.
    public init(from fields: inout RecordDecoder) throws(RecordError) {
        space = try fields.take("space")
        configuration = try fields.take("configuration")
        lock = try fields.take("lock")
        preload1 = try fields.take("preload1")
        preload2 = try fields.take("preload2")
        stage = try fields.take("stage")
        unlocked = try fields.take("unlocked")
        hasActed = try fields.take("hasActed")
        left = try fields.take("left")
    }

    /// Whether a watchdog can be in this state.
    var isPossible: Bool {
        configuration & ~WatchdogState.configurationBits == 0
            && lock & ~(WatchdogState.locked | WatchdogState.enable | WatchdogState.freeRun) == 0
            && preload1 <= WatchdogState.preloadMask && preload2 <= WatchdogState.preloadMask
            && (1...2).contains(stage) && unlocked <= 2 && (left ?? 0) <= 1 << 41 && (isRunning || left == nil)
    }
}
