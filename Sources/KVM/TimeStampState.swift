// SPDX-License-Identifier: Apache-2.0

public import Record

/// A vCPU's time-stamp counter as it was saved.
public struct TimeStampState: Recordable, Equatable, Sendable {
    /// The record's name in a stream.
    public static let recordName = "tsc"

    /// What the guest would have read, nearly when the VM's clock was saved.
    public var counter: UInt64
    /// Guest ticks less host ticks (KVM_VCPU_TSC_OFFSET); nil on kernels that do not tell (before Linux 5.16).
    public var offset: UInt64?
    /// The guest's frequency in kHz; 0 when the kernel does not tell.
    public var kilohertz: UInt32

    /// IA32_TIME_STAMP_COUNTER.
    static let msr: UInt32 = 0x10

    /// How far two hosts' frequencies may lie apart without a guest's noticing: what ntpd corrects, as QEMU has it.
    static let tolerance: UInt64 = 250

    /// Puts every field.
    public func encode(into fields: inout RecordEncoder) {
        fields.put("counter", counter)
        fields.put("offset", offset)
        fields.put("kilohertz", kilohertz)
    }

    /// Takes every field.
    /// - Throws: `RecordError` when a field is missing or is not what it should be.
    public init(from fields: inout RecordDecoder) throws(RecordError) {
        counter = try fields.take("counter")
        offset = try fields.take("offset")
        kilohertz = try fields.take("kilohertz")
    }

    init(counter: UInt64, offset: UInt64?, kilohertz: UInt32) {
        self.counter = counter
        self.offset = offset
        self.kilohertz = kilohertz
    }

    /// Whether the guest would notice that its counter runs at this frequency.
    func isNear(_ other: UInt32) -> Bool {
        guard kilohertz != 0, other != 0 else { return true }
        let difference = UInt64(max(kilohertz, other) - min(kilohertz, other))
        return difference * 1_000_000 <= UInt64(kilohertz) * TimeStampState.tolerance
    }

    /// Ticks in a time.
    func ticks(_ nanoseconds: UInt64) -> UInt64 {
        nanoseconds / 1_000_000 &* UInt64(kilohertz) &+ nanoseconds % 1_000_000 * UInt64(kilohertz) / 1_000_000
    }
}
