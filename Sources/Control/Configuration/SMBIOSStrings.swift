// SPDX-License-Identifier: Apache-2.0

import Record

/// What SMBIOS says about the machine (SMBIOS 3.6 §7.2 and §7.4); an empty string is left out.
public struct SMBIOSStrings: Recordable, Equatable, Sendable {
    /// The record's name in a stream.
    public static let recordName = "smbios"

    /// System manufacturer.
    public var manufacturer: String
    /// Product name.
    public var product: String
    /// Version.
    public var version: String
    /// Serial number.
    public var serial: String
    /// SKU number.
    public var sku: String
    /// Family.
    public var family: String
    /// Asset tag of the chassis.
    public var chassisAsset: String

    /// No strings, unless told otherwise.
    public init(
        manufacturer: String = "", product: String = "", version: String = "", serial: String = "", sku: String = "",
        family: String = "", chassisAsset: String = ""
    ) {
        self.manufacturer = manufacturer
        self.product = product
        self.version = version
        self.serial = serial
        self.sku = sku
        self.family = family
        self.chassisAsset = chassisAsset
    }

    /// Puts every field.
    public func encode(into fields: inout RecordEncoder) {
        fields.put("manufacturer", manufacturer)
        fields.put("product", product)
        fields.put("version", version)
        fields.put("serial", serial)
        fields.put("sku", sku)
        fields.put("family", family)
        fields.put("chassisAsset", chassisAsset)
    }

    /// Takes every field.
    /// - Throws: `RecordError` when a field is missing or is not what it should be.
    public init(from fields: inout RecordDecoder) throws(RecordError) {
        manufacturer = try fields.take("manufacturer")
        product = try fields.take("product")
        version = try fields.take("version")
        serial = try fields.take("serial")
        sku = try fields.take("sku")
        family = try fields.take("family")
        chassisAsset = try fields.take("chassisAsset")
    }
}
