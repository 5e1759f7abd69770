// SPDX-License-Identifier: Apache-2.0

/// The machine: processors, memory, firmware and devices.
public struct DomainSpec: Hashable, Sendable {
    /// What is asked of the host.
    public var resources: ResourceRequirements

    /// Processors.
    public var cpu: CPUSpec

    /// Memory.
    public var memory: MemorySpec

    /// The machine type: `q35` where not given.
    public var machineType: String

    /// Firmware and boot.
    public var firmware: FirmwareSpec

    /// Clock and timers.
    public var clock: ClockSpec

    /// Features of the platform.
    public var features: FeatureSpec

    /// Strings of the chassis.
    public var chassis: ChassisSpec?

    /// Devices.
    public var devices: DeviceSpec

    init(_ reader: ObjectReader) {
        let resources = reader.object("resources") { ResourceRequirements($0) } ?? ResourceRequirements()
        self.resources = resources
        cpu = reader.object("cpu") { CPUSpec($0, resources: resources) } ?? CPUSpec(resources: resources)
        memory = reader.object("memory") { MemorySpec($0, resources: resources) } ?? MemorySpec(resources: resources)
        machineType = reader.object("machine") { $0.string("type") ?? "q35" } ?? "q35"
        firmware = reader.object("firmware") { FirmwareSpec($0) } ?? FirmwareSpec()
        clock = reader.object("clock") { ClockSpec($0) } ?? ClockSpec()
        features = reader.object("features") { FeatureSpec($0) } ?? FeatureSpec()
        chassis = reader.object("chassis") { ChassisSpec($0) }
        _ = reader.choice("rebootPolicy", RebootPolicy.self)
        devices = reader.object("devices") { DeviceSpec($0) } ?? DeviceSpec()
    }

    /// The domain that stands for a missing one, which is reported.
    static func absent(in reader: ObjectReader) -> DomainSpec {
        reader.report.refuse(reader.path.child("domain"), "is required; describe the machine, at least its memory")
        let nothing = ObjectReader(JSONObject(), at: reader.path.child("domain"), report: Report())
        return DomainSpec(nothing)
    }
}
