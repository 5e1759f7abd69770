// SPDX-License-Identifier: Apache-2.0

extension SMBIOSStrings {
    func validate() throws(ConfigurationError) {
        let strings = [
            ("manufacturer", manufacturer), ("product", product), ("version", version), ("serial", serial),
            ("sku", sku), ("family", family), ("chassisAsset", chassisAsset),
        ]
        for (field, text) in strings {
            try requireText(text, at: "smbios.\(field)", limit: ConfigurationLimits.smbiosString)
        }
    }
}
