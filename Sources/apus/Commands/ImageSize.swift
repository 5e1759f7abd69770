// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// A size on the command line: bytes, or a number with K, M, G, T or P for powers of 1024 (Ki, Mi … mean the same).
struct ImageSize: ExpressibleByArgument {
    /// Bytes, a multiple of 512.
    let bytes: UInt64
    /// Whether it is to be added to what there is, or taken off.
    let change: Character?

    init?(argument: String) {
        var text = argument[...]
        change = text.first == "+" || text.first == "-" ? text.removeFirst() : nil
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let number = UInt64(digits), let shift = Self.shift(text.dropFirst(digits.count)) else { return nil }
        let (bytes, overflow) = number.multipliedReportingOverflow(by: 1 << shift)
        guard !overflow, bytes <= UInt64(Int64.max) else { return nil }
        self.bytes = (bytes + 511) / 512 * 512
    }

    private static func shift(_ suffix: Substring) -> UInt64? {
        switch suffix.lowercased() {
        case "", "b": 0
        case "k", "ki", "kib": 10
        case "m", "mi", "mib": 20
        case "g", "gi", "gib": 30
        case "t", "ti", "tib": 40
        case "p", "pi", "pib": 50
        default: nil
        }
    }

    /// A size for people.
    static func text(_ bytes: UInt64) -> String {
        for (shift, unit) in [(50, "PiB"), (40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")] as [(UInt64, String)]
        where bytes >= 1 << shift {
            let tenths = (bytes >> (shift - 10)) * 10 / 1024
            return tenths % 10 == 0 ? "\(tenths / 10) \(unit)" : "\(tenths / 10).\(tenths % 10) \(unit)"
        }
        return "\(bytes) bytes"
    }
}
