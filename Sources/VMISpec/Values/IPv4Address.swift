// SPDX-License-Identifier: Apache-2.0

/// An IPv4 address.
public struct IPv4Address: Hashable, Sendable, CustomStringConvertible {
    /// The 32 bits, the first byte on the wire being the most significant.
    public let value: UInt32

    /// The address of these 32 bits.
    public init(value: UInt32) { self.value = value }

    /// The address of four bytes in the order of the wire; nil for any other number of bytes.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 4 else { return nil }
        value = bytes.reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// Parses four decimal numbers between dots; nil for anything else, leading zeros included.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var value: UInt32 = 0
        for part in parts {
            guard (1...3).contains(part.utf8.count), part.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                part.utf8.count == 1 || part.utf8.first != 0x30, let number = UInt8(part)
            else { return nil }
            value = value << 8 | UInt32(number)
        }
        self.value = value
    }

    /// The four bytes in the order of the wire.
    public var bytes: [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * UInt32($0))) } }

    /// In 127.0.0.0/8.
    public var isLoopback: Bool { value >> 24 == 127 }

    /// Can be another host's address anywhere: neither unspecified, loopback, link-local, a group nor broadcast, as
    /// Go's `IsGlobalUnicast` has it.
    public var isGlobalUnicast: Bool {
        value != 0 && value != .max && !isLoopback && value >> 28 != 0xE && value >> 16 != 0xA9FE
    }

    /// Four decimal numbers between dots.
    public var description: String { bytes.map { String($0) }.joined(separator: ".") }
}
