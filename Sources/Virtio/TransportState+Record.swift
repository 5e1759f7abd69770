// SPDX-License-Identifier: Apache-2.0

public import Record

extension TransportState: Recordable {
    /// The record's name in a stream.
    public static let recordName = "virtio"

    /// Puts every field.
    public func encode(into fields: inout RecordEncoder) {
        fields.put("status", status)
        fields.put("interruptStatus", interruptStatus)
        fields.put("generation", generation)
        fields.put("deviceFeatureSelect", deviceFeatureSelect)
        fields.put("driverFeatureSelect", driverFeatureSelect)
        fields.put("driverFeatures", driverFeatures)
        fields.put("configurationVector", configurationVector)
        fields.put("queueSelect", queueSelect)
        fields.put("queues", queues)
    }

    /// Takes every field; says nothing about their sense, which `restore` judges.
    /// - Throws: `RecordError` when a field is missing or is not what it should be.
    public init(from fields: inout RecordDecoder) throws(RecordError) {
        status = try fields.take("status")
        interruptStatus = try fields.take("interruptStatus")
        generation = try fields.take("generation")
        deviceFeatureSelect = try fields.take("deviceFeatureSelect")
        driverFeatureSelect = try fields.take("driverFeatureSelect")
        driverFeatures = try fields.take("driverFeatures")
        configurationVector = try fields.take("configurationVector")
        queueSelect = try fields.take("queueSelect")
        queues = try fields.take("queues")
    }
}

extension TransportState.Queue: Recordable {
    /// The record's name in a stream.
    public static let recordName = "virtqueue"

    /// Puts every field.
    public func encode(into fields: inout RecordEncoder) {
        fields.put("size", size)
        fields.put("vector", vector)
        fields.put("isEnabled", isEnabled)
        fields.put("descriptorTable", descriptorTable)
        fields.put("driverArea", driverArea)
        fields.put("deviceArea", deviceArea)
        fields.put("nextAvailable", nextAvailable)
        fields.put("nextUsed", nextUsed)
    }

    /// Takes every field; says nothing about their sense, which `restore` judges.
    /// - Throws: `RecordError` when a field is missing or is not what it should be.
    public init(from fields: inout RecordDecoder) throws(RecordError) {
        size = try fields.take("size")
        vector = try fields.take("vector")
        isEnabled = try fields.take("isEnabled")
        descriptorTable = try fields.take("descriptorTable")
        driverArea = try fields.take("driverArea")
        deviceArea = try fields.take("deviceArea")
        nextAvailable = try fields.take("nextAvailable")
        nextUsed = try fields.take("nextUsed")
    }
}
