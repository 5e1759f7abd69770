// SPDX-License-Identifier: Apache-2.0

internal import CKVM
public import Record

extension InterruptControllerState: Recordable {
    /// The record's name in a stream.
    public static let recordName = "interrupt-controllers"

    /// Puts every field.
    public func encode(into fields: inout RecordEncoder) {
        for (name, chip) in zip(InterruptControllerState.names, chips) { fields.put(name, chip) }
        fields.put("timer", timer)
    }

    /// Takes every field; the kernel judges their contents.
    /// - Throws: `RecordError` when a field is missing or has not its struct's length.
    public init(from fields: inout RecordDecoder) throws(RecordError) {
        chips = []
        for name in InterruptControllerState.names {
            chips.append(try fields.bytes(name, [MemoryLayout<kvm_irqchip>.size]))
        }
        timer = try fields.bytes("timer", [MemoryLayout<kvm_pit_state2>.size])
    }

    private static let names = ["masterPIC", "slavePIC", "ioapic"]
}
