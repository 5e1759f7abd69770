// SPDX-License-Identifier: Apache-2.0

public import Record

extension PowerState: Recordable {
    /// The record's name in a stream.
    public static let recordName = "power"

    /// Puts every field.
    public func encode(into fields: inout RecordEncoder) {
        fields.put("status", status)
        fields.put("enable", enable)
        fields.put("control", control)
        fields.put("eventStatus", eventStatus)
        fields.put("eventEnable", eventEnable)
        fields.put("timerNanoseconds", timerNanoseconds)
    }

    /// Takes every field; bits that no register has are dropped.
    /// - Throws: `RecordError` when a field is missing or is not what it should be.
    public init(from fields: inout RecordDecoder) throws(RecordError) {
        self.init()
        status = try fields.take("status") & PowerState.statusBits
        enable = try fields.take("enable") & PowerState.enableBits
        control = try fields.take("control") & PowerState.controlBits
        eventStatus = try fields.take("eventStatus")
        eventEnable = try fields.take("eventEnable")
        timerNanoseconds = try fields.take("timerNanoseconds")
    }
}
