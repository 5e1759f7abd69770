// SPDX-License-Identifier: Apache-2.0

public import Record

/// What a SCSI controller carries to another host beside its transport's state; taken while it is paused.
public struct SCSIState: Recordable, Equatable, Sendable {
    /// The record's name in a stream.
    public static let recordName = "scsi"

    /// Bytes of sense data as the driver asked for them.
    public var senseBytes: UInt32
    /// Bytes of a command block as the driver asked for them.
    public var commandBytes: UInt32
    /// Its units.
    public var units: [SCSIUnitState]
    /// Requests that wait to be tried again.
    public var parked: [SCSIParkedRequest]

    /// A state.
    public init(
        senseBytes: UInt32, commandBytes: UInt32, units: [SCSIUnitState], parked: [SCSIParkedRequest] = []
    ) {
        self.senseBytes = senseBytes
        self.commandBytes = commandBytes
        self.units = units
        self.parked = parked
    }

    /// Puts every field.
    public func encode(into fields: inout RecordEncoder) {
        fields.put("senseBytes", senseBytes)
        fields.put("commandBytes", commandBytes)
        fields.put("units", units)
        fields.put("parked", parked)
    }

    /// Takes every field.
    /// - Throws: `RecordError` when a field is missing or is not what it should be.
    public init(from fields: inout RecordDecoder) throws(RecordError) {
        senseBytes = try fields.take("senseBytes")
        commandBytes = try fields.take("commandBytes")
        units = try fields.take("units")
        parked = try fields.take("parked")
    }
}
