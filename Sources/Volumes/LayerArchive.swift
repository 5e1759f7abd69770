// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

/// A tar archive in an open file (POSIX.1-2017 pax, "ustar Interchange Format", and GNU's long names and large sizes).
///
/// Nothing is unpacked by its name: who wants a file reads its bytes where they lie.
struct LayerArchive {
    /// What an entry says of a path.
    struct Entry: Equatable {
        /// The parts of its path; neither empty nor `.` or `..`.
        var path: [String]
        /// A regular file, whose bytes are in the archive.
        var isFile: Bool
        var isFolder: Bool
        /// Where its bytes start in the archive.
        var offset: UInt64
        var bytes: UInt64
    }

    private static let block = 512
    private static let mostEntries = 1 << 20
    private static let mostNameBytes: UInt64 = 1 << 16

    private let raw: Int32
    private let bytes: UInt64

    /// The archive in a file that is open as long as this value lives; nil when there is none.
    init?(_ file: borrowing FileDescriptor) {
        guard let status = try? file.status(), status.bytes >= UInt64(Self.block) else { return nil }
        raw = file.raw
        bytes = status.bytes
        guard let head = read(at: 0, count: Self.block), Array(head[257..<262]) == Array("ustar".utf8) else {
            return nil
        }
    }

    /// Whether it has an entry at this place.
    /// - Throws: `VolumeError`.
    func contains(_ path: String, name: String, field: String) throws(VolumeError) -> Bool {
        try entries(name: name, field: field).contains { $0.path == [path] }
    }

    /// Its entries in their order; those whose path leads out of the archive are left out.
    /// - Throws: `VolumeError` when it is cut off or malformed.
    func entries(name: String, field: String) throws(VolumeError) -> [Entry] {
        var entries: [Entry] = []
        var at: UInt64 = 0
        var longName: String?
        var longBytes: UInt64?
        while at <= bytes, bytes - at >= UInt64(Self.block) {
            guard let head = read(at: at, count: Self.block) else { break }
            if head.allSatisfy({ $0 == 0 }) { return entries }
            let said = Self.number(head[124..<136])
            guard Self.isSound(head), let size = longBytes ?? said, entries.count < Self.mostEntries else {
                throw VolumeError(field, "\(name) is a malformed archive at byte \(at); make it again")
            }
            let start = at + UInt64(Self.block)
            let (padded, isTooLarge) = size.addingReportingOverflow(UInt64(Self.block) - 1)
            guard !isTooLarge, size <= bytes - start else {
                throw VolumeError(field, "\(name) is cut off at byte \(bytes); fetch it again")
            }
            at = start + padded / 512 * 512
            switch head[156] {
            case UInt8(ascii: "L"):
                longName = text(at: start, size)
                continue
            case UInt8(ascii: "x"):
                let records = Self.records(text(at: start, size) ?? "")
                longName = records["path"] ?? longName
                longBytes = records["size"].flatMap(UInt64.init) ?? longBytes
                // A sparse file's bytes are not its contents.
                if records.keys.contains(where: { $0.hasPrefix("GNU.sparse") }) {
                    throw VolumeError(field, "\(name) holds a sparse file, which is not supported; pack it without -S")
                }
                continue
            case UInt8(ascii: "g"), UInt8(ascii: "K"): continue
            default: break
            }
            let path = longName ?? Self.name(head)
            longName = nil
            longBytes = nil
            let parts = path.split(separator: "/").map(String.init).filter { $0 != "." }
            guard !parts.isEmpty, !parts.contains("..") else { continue }
            let type = head[156]
            entries.append(
                Entry(
                    path: parts, isFile: type == 0 || type == UInt8(ascii: "0") || type == UInt8(ascii: "7"),
                    isFolder: type == UInt8(ascii: "5"), offset: start, bytes: size))
        }
        return entries
    }

    private func read(at offset: UInt64, count: Int) -> [UInt8]? {
        var head = [UInt8](repeating: 0, count: count)
        let done = head.withUnsafeMutableBytes { pread(raw, $0.baseAddress, count, Int(clamping: offset)) }
        return done == count ? head : nil
    }

    private func text(at offset: UInt64, _ size: UInt64) -> String? {
        guard size <= Self.mostNameBytes, let content = read(at: offset, count: Int(size)) else { return nil }
        return String(decoding: content.prefix { $0 != 0 }, as: UTF8.self)
    }

    /// The checksum counts its own field as blanks.
    private static func isSound(_ head: [UInt8]) -> Bool {
        let sum = head.enumerated().reduce(0) { $0 + ((148..<156).contains($1.offset) ? 32 : Int($1.element)) }
        return number(head[148..<156]) == UInt64(sum)
    }

    /// Octal digits, or with the highest bit set a binary number.
    private static func number(_ field: ArraySlice<UInt8>) -> UInt64? {
        guard let first = field.first else { return nil }
        if first & 0x80 != 0 {
            guard first == 0x80, field.dropFirst().dropLast(8).allSatisfy({ $0 == 0 }) else { return nil }
            return field.suffix(8).reduce(0) { $0 << 8 | UInt64($1) }
        }
        let digits = field.drop { $0 == 32 }.prefix { (48...55).contains($0) }
        return digits.isEmpty ? 0 : UInt64(String(decoding: digits, as: UTF8.self), radix: 8)
    }

    private static func name(_ head: [UInt8]) -> String {
        let name = String(decoding: head[0..<100].prefix { $0 != 0 }, as: UTF8.self)
        // GNU's format has other fields where POSIX has the prefix.
        guard head[262] == 0 else { return name }
        let prefix = String(decoding: head[345..<500].prefix { $0 != 0 }, as: UTF8.self)
        return prefix.isEmpty ? name : "\(prefix)/\(name)"
    }

    /// "LENGTH KEY=VALUE\n", one after another.
    private static func records(_ text: String) -> [String: String] {
        var records: [String: String] = [:]
        for line in text.split(separator: "\n") {
            guard let blank = line.firstIndex(of: " "), let equals = line[blank...].firstIndex(of: "=") else {
                continue
            }
            records[String(line[line.index(after: blank)..<equals])] = String(line[line.index(after: equals)...])
        }
        return records
    }
}
