// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A disk as its user sees it: what each sector may hold. Sectors are filled with one number each.
struct SectorModel {
    /// Any of these; nil stands for anything at all, which is what is left after a discard.
    private var sectors: [Set<UInt32>?]

    init(_ values: [UInt32]) { sectors = values.map { [$0] } }

    var count: Int { sectors.count }

    mutating func write(_ value: UInt32, _ range: Range<Int>) { for index in range { sectors[index] = [value] } }
    mutating func discard(_ range: Range<Int>) { for index in range { sectors[index] = nil } }
    /// What was there before, or this, until the next flush.
    mutating func mayWrite(_ value: UInt32, _ range: Range<Int>) {
        for index in range { sectors[index]?.insert(value) }
    }

    func allows(_ value: UInt32, at index: Int) -> Bool { sectors[index]?.contains(value) ?? true }

    /// A sector's bytes.
    static func bytes(_ value: UInt32) -> [UInt8] { bytes(value, sectors: 1) }
    static func bytes(_ value: UInt32, sectors: Int) -> [UInt8] {
        [UInt32](repeating: value, count: 128 * sectors).withUnsafeBytes { Array($0) }
    }

    /// The number that fills a sector of some bytes; nil when not one does.
    static func value(of bytes: [UInt8], sector: Int) -> UInt32? {
        bytes.withUnsafeBytes { p in
            guard let base = p.baseAddress, (sector + 1) * 512 <= p.count else { return nil }
            let start = base + sector * 512
            return memcmp(start, start + 4, 508) == 0 ? start.loadUnaligned(as: UInt32.self) : nil
        }
    }

    /// The first sector whose bytes are not allowed, or are not of one number.
    func firstWrong(_ bytes: [UInt8]) -> Int? {
        (0..<count).first { index in
            guard sectors[index] != nil else { return false }
            return SectorModel.value(of: bytes, sector: index).map { !allows($0, at: index) } ?? true
        }
    }
}
