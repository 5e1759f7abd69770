// SPDX-License-Identifier: Apache-2.0

/// Strings of the chassis for the firmware's tables.
public struct ChassisSpec: Hashable, Sendable {
    /// Who made it.
    public var manufacturer: String?
    /// Its version.
    public var version: String?
    /// Its serial number.
    public var serial: String?
    /// Its asset tag.
    public var asset: String?
    /// Its stock keeping unit.
    public var sku: String?

    init(_ reader: ObjectReader) {
        manufacturer = reader.string("manufacturer")
        version = reader.string("version")
        serial = reader.string("serial")
        asset = reader.string("asset")
        sku = reader.string("sku")
    }
}
