// SPDX-License-Identifier: Apache-2.0

public import Record

/// A VM's clock (kvmclock), and what the host's clocks said at that moment (KVM api.rst 4.29 KVM_GET_CLOCK).
public struct ClockState: Recordable, Equatable, Sendable {
    /// The record's name in a stream.
    public static let recordName = "kvmclock"

    /// Nanoseconds since the VM was made, as the guest counts them.
    public var nanoseconds: UInt64
    /// The host's real time in nanoseconds since 1970.
    public var realtime: UInt64
    /// The host's time-stamp counter.
    public var hostCounter: UInt64

    // 146 years: far from where sums of two times overflow.
    private static let mostNanoseconds: UInt64 = 1 << 62

    init(nanoseconds: UInt64, realtime: UInt64, hostCounter: UInt64) {
        self.nanoseconds = nanoseconds
        self.realtime = realtime
        self.hostCounter = hostCounter
    }

    /// Puts every field.
    public func encode(into fields: inout RecordEncoder) {
        fields.put("nanoseconds", nanoseconds)
        fields.put("realtime", realtime)
        fields.put("hostCounter", hostCounter)
    }

    /// Takes every field.
    /// - Throws: `RecordError` when a field is missing or is not what it should be.
    public init(from fields: inout RecordDecoder) throws(RecordError) {
        nanoseconds = try fields.take("nanoseconds")
        realtime = try fields.take("realtime")
        hostCounter = try fields.take("hostCounter")
        guard nanoseconds < ClockState.mostNanoseconds else { throw fields.invalid("nanoseconds", "is no time") }
        guard realtime < ClockState.mostNanoseconds else { throw fields.invalid("realtime", "is no time") }
    }
}

/// How a VM's clock went on while the VM was saved: what its time-stamp counters have to make up for.
public struct ClockStep: Equatable, Sendable {
    /// Nanoseconds by which the guest's time has moved.
    public let elapsed: UInt64
    /// The host's counter where the state was saved, and where it is loaded.
    let hostCounterBefore, hostCounterNow: UInt64
}
