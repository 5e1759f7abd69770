// SPDX-License-Identifier: Apache-2.0

/// The target of a request in origin form, RFC 9112 §3.2.1 and RFC 3986 §2.1.
struct HTTPTarget {
    let path: [String]
    let query: [String: String]

    private static let longest = 2048

    /// Reads a target that consists of visible ASCII characters.
    /// - Throws: `HTTPError` for anything but an absolute path with an optional query.
    init(_ bytes: ArraySlice<UInt8>) throws(HTTPError) {
        guard bytes.count <= Self.longest else {
            throw HTTPError(.uriTooLong, "The target has more than \(Self.longest) bytes")
        }
        guard bytes.first == UInt8(ascii: "/") else {
            throw HTTPError(.badRequest, "The target must be a path that begins with /")
        }
        let mark = bytes.firstIndex(of: UInt8(ascii: "?")) ?? bytes.endIndex
        let pathBytes = bytes[bytes.index(after: bytes.startIndex)..<mark]
        var segments: [String] = []
        if !pathBytes.isEmpty {
            for segment in pathBytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
                segments.append(try Self.decoded(segment))
            }
        }
        var members: [String: String] = [:]
        if mark < bytes.endIndex {
            for member in bytes[bytes.index(after: mark)...].split(separator: UInt8(ascii: "&")) {
                let parts = member.split(
                    separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
                let name = try Self.decoded(parts[0])
                let value = parts.count == 2 ? try Self.decoded(parts[1]) : ""
                guard members.updateValue(value, forKey: name) == nil else {
                    throw HTTPError(.badRequest, "A member of the query is given twice")
                }
            }
        }
        path = segments
        query = members
    }

    private static func decoded(_ bytes: ArraySlice<UInt8>) throws(HTTPError) -> String {
        var plain: [UInt8] = []
        var rest = bytes
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                plain.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(digit), let low = rest.popFirst().flatMap(digit) else {
                throw HTTPError(.badRequest, "% in the target must be followed by two hexadecimal digits")
            }
            plain.append(high << 4 | low)
        }
        guard let text = String(validating: plain, as: UTF8.self), !plain.contains(where: { $0 < 0x20 || $0 == 0x7F })
        else {
            throw HTTPError(.badRequest, "The target must be text without control characters")
        }
        return text
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// Text as it stands in a target: everything but unreserved characters is escaped.
    static func escaped(_ text: String) -> String {
        let hex = Array("0123456789ABCDEF")
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default: result += "%\(hex[Int(byte >> 4)])\(hex[Int(byte & 15)])"
            }
        }
        return result
    }
}
