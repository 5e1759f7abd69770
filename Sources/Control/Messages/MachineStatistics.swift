// SPDX-License-Identifier: Apache-2.0

import Record

/// The counters of a machine.
public struct MachineStatistics: Recordable, Equatable, Sendable {
    /// The record's name in a stream.
    public static let recordName = "statistics"

    /// Those of each vCPU in order.
    public var vcpus: [VCPUStatistics]
    /// What KVM counts for the machine (`KVM_GET_STATS_FD`).
    public var kvm: [Counter]
    /// Those of each device.
    public var devices: [DeviceStatistics]

    /// Counters of a machine.
    public init(
        vcpus: [VCPUStatistics], kvm: [Counter] = [], devices: [DeviceStatistics] = []
    ) {
        self.vcpus = vcpus
        self.kvm = kvm
        self.devices = devices
    }

    /// Puts every field.
    public func encode(into fields: inout RecordEncoder) {
        fields.put("vcpus", vcpus)
        fields.put("kvm", kvm)
        fields.put("devices", devices)
    }

    /// Takes every field.
    /// - Throws: `RecordError` when a field is missing or is not what it should be.
    public init(from fields: inout RecordDecoder) throws(RecordError) {
        vcpus = try fields.take("vcpus")
        kvm = try fields.take("kvm")
        devices = try fields.take("devices")
    }
}
