// SPDX-License-Identifier: Apache-2.0

public import Record

extension SerialState: Recordable {
    /// The record's name in a stream.
    public static let recordName = "serial"

    /// Puts every field.
    public func encode(into fields: inout RecordEncoder) {
        fields.put("interruptEnable", interruptEnable)
        fields.put("fifoControl", fifoControl)
        fields.put("lineControl", lineControl)
        fields.put("modemControl", modemControl)
        fields.put("modemDeltas", modemDeltas)
        fields.put("scratch", scratch)
        fields.put("divisor", divisor)
        fields.put("overrun", overrun)
        fields.put("transmitterEmpty", transmitterEmpty)
        fields.put("fifo", fifo.contents)
        fields.put("line", line.contents)
        fields.put("owesRoom", owesRoom)
    }

    /// Takes every field; bits that no register has are dropped.
    /// - Throws: `RecordError` when a field is missing or is not what it should be.
    public init(from fields: inout RecordDecoder) throws(RecordError) {
        self.init()
        interruptEnable = try fields.take("interruptEnable") & 0x0F
        fifoControl = try fields.take("fifoControl") & 0xC1
        lineControl = try fields.take("lineControl")
        modemControl = try fields.take("modemControl") & 0x1F
        modemDeltas = try fields.take("modemDeltas") & 0x0F
        scratch = try fields.take("scratch")
        divisor = try fields.take("divisor")
        overrun = try fields.take("overrun")
        transmitterEmpty = try fields.take("transmitterEmpty")
        let received: [UInt16] = try fields.take("fifo")
        guard received.count <= depth else { throw fields.invalid("fifo", "must have at most \(depth) characters") }
        fifo = SerialQueue(received)
        let waiting: [UInt16] = try fields.take("line")
        guard waiting.count <= SerialState.lineCapacity else {
            throw fields.invalid("line", "must have at most \(SerialState.lineCapacity) characters")
        }
        line = SerialQueue(waiting)
        owesRoom = try fields.take("owesRoom")
    }
}
