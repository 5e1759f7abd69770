// SPDX-License-Identifier: Apache-2.0

public import Record
public import Virtio

/// One virtio device's state: its PCI function's, and what it keeps itself.
public struct DeviceState: Recordable, Equatable, Sendable {
    /// The record's name in a stream.
    public static let recordName = "device"

    /// Its name in the configuration.
    public var name: String
    /// Configuration space, vectors, registers and queue positions.
    public var function: VirtioPCIState
    /// What the device keeps beside that, such as requests to be tried again; absent for one that keeps nothing.
    public var own: RecordValue

    /// A device's state.
    init(name: String, function: VirtioPCIState, own: RecordValue) {
        self.name = name
        self.function = function
        self.own = own
    }

    /// Puts every field.
    public func encode(into fields: inout RecordEncoder) {
        fields.put("name", name)
        fields.put("function", function)
        fields.put("own", own)
    }

    /// Takes every field; whether they make sense is for the device to judge.
    /// - Throws: `RecordError` when a field is missing or is not what it should be.
    public init(from fields: inout RecordDecoder) throws(RecordError) {
        name = try fields.take("name")
        function = try fields.take("function")
        own = try fields.take("own")
    }
}
