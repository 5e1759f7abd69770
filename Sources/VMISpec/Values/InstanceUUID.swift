// SPDX-License-Identifier: Apache-2.0

/// The UUID a guest sees in its firmware tables (RFC 9562).
public struct InstanceUUID: Hashable, Sendable, CustomStringConvertible {
    /// The 16 bytes in the order they are written.
    public let bytes: [UInt8]

    /// Parses the 36 characters `8-4-4-4-12`, of either case; nil for anything else.
    public init?(_ text: String) {
        let characters = Array(text.utf8)
        guard characters.count == 36 else { return nil }
        var bytes: [UInt8] = []
        var high: UInt8?
        for (index, character) in characters.enumerated() {
            if [8, 13, 18, 23].contains(index) {
                guard character == UInt8(ascii: "-") else { return nil }
                continue
            }
            guard let digit = hexadecimalDigit(character) else { return nil }
            if let half = high {
                bytes.append(half << 4 | digit)
                high = nil
            } else {
                high = digit
            }
        }
        self.bytes = bytes
    }

    /// The UUID KubeVirt gives a virtual machine of this name: version 5 of the name in a namespace of its own
    /// (`CalculateLegacyUUID`, pkg/virt-controller/watch/vm/firmware.go), so the same at every start.
    public init(name: String) {
        var digest = Array(SHA1.digest(of: Self.namespace + Array(name.utf8)).prefix(16))
        digest[6] = digest[6] & 0x0F | 0x50
        digest[8] = digest[8] & 0x3F | 0x80
        bytes = digest
    }

    /// 6a1a24a1-4061-4607-8bf4-a3963d0c5895
    private static let namespace: [UInt8] = [
        0x6A, 0x1A, 0x24, 0xA1, 0x40, 0x61, 0x46, 0x07, 0x8B, 0xF4, 0xA3, 0x96, 0x3D, 0x0C, 0x58, 0x95,
    ]

    /// The 36 characters in lower case.
    public var description: String {
        var text = ""
        for (index, byte) in bytes.enumerated() {
            if [4, 6, 8, 10].contains(index) { text += "-" }
            text += hexadecimal(byte)
        }
        return text
    }
}

/// The value of a hexadecimal digit of either case; nil for another character.
func hexadecimalDigit(_ character: UInt8) -> UInt8? {
    switch character {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): character - UInt8(ascii: "A") + 10
    default: nil
    }
}

/// Two hexadecimal digits in lower case.
func hexadecimal(_ byte: UInt8) -> String {
    (byte < 16 ? "0" : "") + String(byte, radix: 16)
}
