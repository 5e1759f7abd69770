// SPDX-License-Identifier: Apache-2.0

import Linux

/// The address of a network card, IEEE 802 EUI-48.
public struct MACAddress: Hashable, Sendable, CustomStringConvertible, LosslessStringConvertible {
    /// The six bytes; the first one on the wire is the most significant of 48 bits.
    public let rawValue: UInt64

    /// Takes the low 48 bits.
    public init(rawValue: UInt64) { self.rawValue = rawValue & 0xFFFF_FFFF_FFFF }

    /// Reads `02:00:00:00:00:01` or `02-00-00-00-00-01`, two hexadecimal digits a byte; nil for anything else.
    public init?(_ text: String) {
        var value: UInt64 = 0
        var digits = 0
        var separator: UInt8? = nil
        var position = 0
        for byte in text.utf8 {
            if position % 3 == 2 {
                guard byte == UInt8(ascii: ":") || byte == UInt8(ascii: "-") else { return nil }
                guard separator == nil || separator == byte else { return nil }
                separator = byte
            } else {
                guard let digit = MACAddress.value(ofDigit: byte), digits < 12 else { return nil }
                value = value << 4 | digit
                digits += 1
            }
            position += 1
        }
        guard digits == 12, position == 17 else { return nil }
        rawValue = value
    }

    /// A random address of the locally administered space.
    /// - Throws: `Errno` of `getrandom`.
    public static func random() throws(Errno) -> MACAddress {
        var bits: UInt64 = 0
        // SAFETY: the eight bytes are filled before they are used.
        unsafe try withUnsafeMutableBytes(of: &bits) { (p) throws(Errno) in try unsafe Random.fill(p) }
        return MACAddress(local: bits)
    }

    /// The address that always belongs to this text, such as a VM's uuid and the name of its interface.
    ///
    /// FNV-1a (64 bits, then mixed): two cards collide with a chance of 2^-46.
    public init(derivedFrom text: String) {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        hash = (hash ^ hash >> 33) &* 0xFF51_AFD7_ED55_8CCD
        self.init(local: hash ^ hash >> 33)
    }

    private init(local bits: UInt64) {
        self.init(rawValue: (bits & ~(0x03 << 40)) | 0x02 << 40)
    }

    /// The bytes in the order of the wire.
    public var bytes: [UInt8] { (0..<6).map { byte($0) } }

    /// One byte, 0 being the first on the wire; 0 beyond the sixth.
    public func byte(_ index: Int) -> UInt8 {
        index >= 0 && index < 6 ? UInt8(truncatingIfNeeded: rawValue >> UInt64(40 - 8 * index)) : 0
    }

    /// Addresses a group of stations, which a card's own address must not.
    public var isMulticast: Bool { byte(0) & 1 != 0 }
    /// Chosen by an administrator and not by a maker.
    public var isLocallyAdministered: Bool { byte(0) & 2 != 0 }
    /// Can be a card's own address: neither zero nor a group.
    public var isUsable: Bool { rawValue != 0 && !isMulticast }

    /// Lower-case hexadecimal with colons.
    public var description: String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: ":")
    }

    private static func value(ofDigit byte: UInt8) -> UInt64? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(byte - UInt8(ascii: "a") + 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt64(byte - UInt8(ascii: "A") + 10)
        default: nil
        }
    }
}
