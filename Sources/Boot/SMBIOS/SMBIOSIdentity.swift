// SPDX-License-Identifier: Apache-2.0

/// Who the machine says it is, for SMBIOS (DMTF DSP0134 3.0).
public struct SMBIOSIdentity: Equatable, Sendable {
    /// Type 1 manufacturer.
    public var manufacturer = "KubeVirt"
    /// Type 1 product name.
    public var product = "None"
    /// Type 1 version.
    public var version = ""
    /// Type 1 serial number.
    public var serial = ""
    /// Type 1 SKU number.
    public var sku = ""
    /// Type 1 family.
    public var family = "KubeVirt"
    /// Type 1 UUID; nil leaves it "not present".
    public var uuid: UUIDBytes?
    /// Type 3 manufacturer; the system's own where empty.
    public var chassisManufacturer = ""
    /// Type 3 version.
    public var chassisVersion = ""
    /// Type 3 serial number.
    public var chassisSerial = ""
    /// Type 3 asset tag.
    public var chassisAsset = ""
    /// Type 3 SKU number.
    public var chassisSKU = ""
    /// Type 0 version.
    public var firmwareVersion = "1"
    /// Type 4 version: the CPU's brand string.
    public var processor = ""
    /// The CPUs as sockets, cores and threads.
    public var topology: CPUTopology

    /// An identity with KubeVirt's defaults.
    public init(topology: CPUTopology) { self.topology = topology }
}
