// SPDX-License-Identifier: Apache-2.0

public import Devices
public import KVM
public import Record

/// Everything of a paused machine but its RAM, as migration, snapshots and `GET /state` carry it.
///
/// The stream begins with this record's name and version, which are judged before anything in it. A reader takes up
/// every older version it knows of and refuses newer ones.
public struct SavedState: Recordable, Equatable, Sendable {
    /// The record's name in a stream.
    public static let recordName = "machine-state"
    /// What this build writes.
    public static let recordVersion: UInt16 = 1

    /// Which machines can take it up.
    public var shape: MachineShape
    /// kvmclock and the host's clocks of the same moment.
    public var clock: ClockState
    /// The vCPUs, in order.
    public var vcpus: [VCPUState]
    /// PICs, IOAPIC and PIT.
    public var controllers: InterruptControllerState
    /// What has fixed places.
    public var platform: PlatformState
    /// The virtio devices, in order.
    public var devices: [DeviceState]
    /// The watchdog, when there is one.
    public var watchdog: WatchdogState?

    /// The state in its encoded form.
    public var encoded: [UInt8] { Record.encode(self) }

    /// The state that was encoded in `bytes`.
    /// - Throws: `StateError.record` that says where the stream is not one.
    public static func decode(_ bytes: [UInt8]) throws(StateError) -> SavedState {
        do throws(RecordError) { return try Record.decode(SavedState.self, bytes) } catch { throw .record(error) }
    }

    init(
        shape: MachineShape, clock: ClockState, vcpus: [VCPUState], controllers: InterruptControllerState,
        platform: PlatformState, devices: [DeviceState], watchdog: WatchdogState?
    ) {
        self.shape = shape
        self.clock = clock
        self.vcpus = vcpus
        self.controllers = controllers
        self.platform = platform
        self.devices = devices
        self.watchdog = watchdog
    }

    /// Puts every field.
    public func encode(into fields: inout RecordEncoder) {
        fields.put("shape", shape)
        fields.put("clock", clock)
        fields.put("vcpus", vcpus)
        fields.put("controllers", controllers)
        fields.put("platform", platform)
        fields.put("devices", devices)
        fields.put("watchdog", watchdog)
    }

    /// Takes every field.
    /// - Throws: `RecordError` when a field is missing or is not what it should be.
    public init(from fields: inout RecordDecoder) throws(RecordError) {
        guard fields.version > 0 else { throw RecordError(.invalid("there is no version 0 of it")) }
        shape = try fields.take("shape")
        clock = try fields.take("clock")
        vcpus = try fields.take("vcpus")
        controllers = try fields.take("controllers")
        platform = try fields.take("platform")
        devices = try fields.take("devices")
        watchdog = try fields.take("watchdog")
        guard vcpus.count == shape.vcpus.count else { throw fields.invalid("vcpus", "must be as many as in its shape") }
    }
}
