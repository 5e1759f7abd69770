// SPDX-License-Identifier: Apache-2.0

/// The lines of a head: its first, and the header fields, RFC 9112 §2.1 and §5.
///
/// Strict: lines end in CR LF and nothing else, no field is folded or has a blank before its colon, and there are only
/// visible ASCII characters, blanks and tabs. What two readers could understand differently is refused.
struct HTTPHead {
    let first: ArraySlice<UInt8>
    let headers: HTTPHeaders

    /// Where the head at the beginning of `bytes` ends, its closing empty line included, or nil while it is not whole.
    static func end(in bytes: ArraySlice<UInt8>, from place: Int) -> Int? {
        var index = max(place, bytes.startIndex + 3)
        while index < bytes.endIndex {
            if bytes[index] == 0x0A, bytes[index - 1] == 0x0D, bytes[index - 2] == 0x0A, bytes[index - 3] == 0x0D {
                return index + 1
            }
            index += 1
        }
        return nil
    }

    /// Reads a whole head.
    /// - Throws: `HTTPError` of status 400 or 431.
    init(_ bytes: ArraySlice<UInt8>, fields limit: Int) throws(HTTPError) {
        var lines: [ArraySlice<UInt8>] = []
        var start = bytes.startIndex
        var index = start
        while index < bytes.endIndex {
            switch bytes[index] {
            case 0x0D:
                guard index + 1 < bytes.endIndex, bytes[index + 1] == 0x0A else { throw Self.badLine }
                lines.append(bytes[start..<index])
                index += 2
                start = index
            case 0x09, 0x20...0x7E: index += 1
            default: throw Self.badLine
            }
        }
        guard start == bytes.endIndex, lines.count >= 2, let first = lines.first, lines.last?.isEmpty == true else {
            throw Self.badLine
        }
        guard lines.count - 2 <= limit else {
            throw HTTPError(.headTooLarge, "There are more than \(limit) header fields")
        }
        var headers = HTTPHeaders()
        for line in lines[1..<lines.count - 1] {
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > line.startIndex,
                line[..<colon].allSatisfy(Self.isToken)
            else { throw HTTPError(.badRequest, "A header field must be NAME: VALUE") }
            let value = line[(colon + 1)...].drop { $0 == 0x20 || $0 == 0x09 }
            let end = value.lastIndex { $0 != 0x20 && $0 != 0x09 }.map { $0 + 1 } ?? value.startIndex
            headers.add(
                String(decoding: line[..<colon], as: UTF8.self),
                String(decoding: value[value.startIndex..<end], as: UTF8.self))
        }
        self.first = first
        self.headers = headers
    }

    private static let badLine = HTTPError(
        .badRequest, "Lines must end in CR LF and hold nothing but visible ASCII characters and blanks")

    /// A character of a token, RFC 9110 §5.6.2.
    static func isToken(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: Self.marks.contains(byte)
        }
    }

    private static let marks = Set("!#$%&'*+-.^_`|~".utf8)
}
