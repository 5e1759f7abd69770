// SPDX-License-Identifier: Apache-2.0

/// An IPv6 address.
public struct IPv6Address: Hashable, Sendable, CustomStringConvertible {
    /// The 16 bytes in the order of the wire.
    public let bytes: [UInt8]

    /// The address of 16 bytes in the order of the wire; nil for any other number of bytes.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 16 else { return nil }
        self.bytes = Array(bytes)
    }

    /// Parses the text forms of RFC 4291 §2.2, an IPv4 address at the end included; nil for anything else, zones included.
    public init?(_ text: some StringProtocol) {
        guard let gap = Self.gap(in: text) else { return nil }
        let head = gap.map { text[..<$0.lowerBound] } ?? text[...]
        let tail = gap.map { text[$0.upperBound...] }
        guard let before = Self.groups(head, mayEndInIPv4: tail == nil),
            let after = tail.map({ Self.groups($0, mayEndInIPv4: true) }) ?? []
        else { return nil }
        let missing = 16 - before.count - after.count
        guard tail == nil ? missing == 0 : missing >= 2 else { return nil }
        bytes = before + [UInt8](repeating: 0, count: missing) + after
    }

    /// The link-local address that belongs to an Ethernet address (RFC 4291, appendix A); nil for other than six bytes.
    public init?(linkLocalOf hardware: some Collection<UInt8>) {
        let m = Array(hardware)
        guard m.count == 6 else { return nil }
        bytes = [0xFE, 0x80, 0, 0, 0, 0, 0, 0, m[0] ^ 2, m[1], m[2], 0xFF, 0xFE, m[3], m[4], m[5]]
    }

    /// ::1.
    public var isLoopback: Bool { bytes.dropLast().allSatisfy { $0 == 0 } && bytes.last == 1 }
    /// In fe80::/10.
    public var isLinkLocal: Bool { bytes[0] == 0xFE && bytes[1] & 0xC0 == 0x80 }
    /// In ff00::/8.
    public var isGroup: Bool { bytes[0] == 0xFF }

    /// Can be another host's address anywhere: neither unspecified, loopback, link-local nor a group.
    public var isGlobalUnicast: Bool {
        !isLoopback && !isLinkLocal && !isGroup && bytes.contains { $0 != 0 }
    }

    /// The shortest form, as RFC 5952 has it.
    public var description: String {
        let groups = (0..<8).map { UInt16(bytes[2 * $0]) << 8 | UInt16(bytes[2 * $0 + 1]) }
        var longest = 0..<0
        var start = 0
        while start < 8 {
            var end = start
            while end < 8, groups[end] == 0 { end += 1 }
            if end - start > max(longest.count, 1) { longest = start..<end }
            start = max(end, start + 1)
        }
        func text(_ range: Range<Int>) -> String {
            groups[range].map { String($0, radix: 16) }.joined(separator: ":")
        }
        return longest.isEmpty
            ? text(0..<8) : "\(text(0..<longest.lowerBound))::\(text(longest.upperBound..<8))"
    }

    /// Where "::" stands: `.some(nil)` when it does not, nil when it stands twice.
    private static func gap<Text: StringProtocol>(in text: Text) -> Range<Text.Index>?? {
        var found: Range<Text.Index>?
        var index = text.startIndex
        while index < text.endIndex {
            let next = text.index(after: index)
            if text[index] == ":", next < text.endIndex, text[next] == ":" {
                guard found == nil else { return nil }
                found = index..<text.index(after: next)
                index = text.index(after: next)
            } else {
                index = next
            }
        }
        return .some(found)
    }

    private static func groups(_ text: some StringProtocol, mayEndInIPv4: Bool) -> [UInt8]? {
        guard !text.isEmpty else { return [] }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count <= 8 else { return nil }
        var bytes: [UInt8] = []
        for (index, part) in parts.enumerated() {
            if mayEndInIPv4, index == parts.count - 1, let address = IPv4Address(part) {
                bytes += address.bytes
                continue
            }
            guard (1...4).contains(part.utf8.count), part.utf8.allSatisfy({ hexadecimalDigit($0) != nil }),
                let number = UInt16(part, radix: 16)
            else { return nil }
            bytes += [UInt8(number >> 8), UInt8(truncatingIfNeeded: number)]
        }
        return bytes.count <= 16 ? bytes : nil
    }
}
