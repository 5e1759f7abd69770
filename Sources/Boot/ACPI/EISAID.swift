// SPDX-License-Identifier: Apache-2.0

/// A compressed EISA identifier such as `PNP0A08`: three letters and four hexadecimal digits (ACPI 6.4 §19.3.4).
struct EISAID {
    /// Three letters `A` to `Z`.
    var vendor: StaticString
    /// The product number behind the letters.
    var product: UInt16

    /// An identifier of the Plug and Play group.
    static func pnp(_ product: UInt16) -> EISAID { EISAID(vendor: "PNP", product: product) }

    /// The 32-bit form AML stores: letters of five bits each, both halves byte-swapped.
    var encoded: UInt32 {
        var letters: UInt16 = 0
        for byte in vendor.description.utf8 { letters = letters << 5 | UInt16((byte &- 0x40) & 0x1F) }
        return UInt32(letters.byteSwapped) | UInt32(product.byteSwapped) << 16
    }
}
