// SPDX-License-Identifier: Apache-2.0

import Record

/// Processors as the guest sees them and where their threads run.
public struct CPUConfiguration: Recordable, Equatable, Sendable {
    /// The record's name in a stream.
    public static let recordName = "cpu"

    /// How the processors are arranged.
    public var topology: CPUTopology
    /// What the processors can do before `features` are applied.
    public var model: CPUModel
    /// Named features that are added to or taken from the model.
    public var features: [CPUFeature]
    /// The host CPU of each vCPU in order, or nil to let the host's scheduler choose.
    public var pinning: [UInt32]?
    /// The host CPUs of every other thread, or nil to let the host's scheduler choose.
    public var emulatorCPUs: [UInt32]?

    /// Processors of the given topology.
    public init(
        topology: CPUTopology, model: CPUModel = .hostPassthrough, features: [CPUFeature] = [],
        pinning: [UInt32]? = nil, emulatorCPUs: [UInt32]? = nil
    ) {
        self.topology = topology
        self.model = model
        self.features = features
        self.pinning = pinning
        self.emulatorCPUs = emulatorCPUs
    }

    /// Puts every field.
    public func encode(into fields: inout RecordEncoder) {
        fields.put("topology", topology)
        fields.put("model", model)
        fields.put("features", features)
        fields.put("pinning", pinning)
        fields.put("emulatorCPUs", emulatorCPUs)
    }

    /// Takes every field.
    /// - Throws: `RecordError` when a field is missing or is not what it should be.
    public init(from fields: inout RecordDecoder) throws(RecordError) {
        topology = try fields.take("topology")
        model = try fields.take("model")
        features = try fields.take("features")
        pinning = try fields.take("pinning")
        emulatorCPUs = try fields.take("emulatorCPUs")
    }
}
