// SPDX-License-Identifier: Apache-2.0

/// One SMBIOS structure under construction: a formatted area and the strings behind it (DSP0134 3.0 §6.1).
struct SMBIOSStructure {
    private var formatted: [UInt8]
    private var strings: [String] = []

    /// Starts a structure of a type under a handle.
    init(type: UInt8, handle: UInt16) {
        formatted = [type, 0]
        formatted.append(le: handle)
    }

    /// Appends an integer.
    mutating func append<T: FixedWidthInteger>(_ value: T) { formatted.append(le: value) }

    /// Appends bytes.
    mutating func append(_ bytes: [UInt8]) { formatted += bytes }

    /// Appends the number of a string; 0 stands for none. Bytes a string cannot carry are left out.
    mutating func append(string: String) {
        let clean = String(decoding: string.utf8.prefix(Self.mostStringBytes).filter { $0 != 0 }, as: UTF8.self)
        if clean.isEmpty {
            formatted.append(0)
            return
        }
        if let known = strings.firstIndex(of: clean) {
            formatted.append(UInt8(truncatingIfNeeded: known + 1))
            return
        }
        strings.append(clean)
        formatted.append(UInt8(truncatingIfNeeded: strings.count))
    }

    /// The structure's bytes with its length filled in and its strings closed by two zeros.
    var bytes: [UInt8] {
        var out = formatted
        out[1] = UInt8(truncatingIfNeeded: out.count)
        for string in strings {
            out += string.utf8
            out.append(0)
        }
        if strings.isEmpty { out.append(0) }
        out.append(0)
        return out
    }

    /// A manifest may name long strings; this much of each is shown, so that the tables keep to their area.
    private static let mostStringBytes = 1024
}
