// SPDX-License-Identifier: Apache-2.0

/// A system description table under construction: 36 bytes of header and a body (ACPI 6.4 §5.2.6).
struct ACPITable {
    private var bytes: [UInt8]

    /// Starts a table; `signature` has four characters.
    init(signature: StaticString, revision: UInt8) {
        bytes = []
        bytes.append(ascii: signature.description, count: 4)
        bytes.append(le: UInt32(0))
        bytes += [revision, 0]
        bytes.append(ascii: "APUS", count: 6, padding: UInt8(ascii: " "))
        bytes.append(ascii: "APUSQ35", count: 8, padding: UInt8(ascii: " "))
        bytes.append(le: UInt32(1))
        bytes.append(ascii: "APUS", count: 4)
        bytes.append(le: UInt32(1))
    }

    /// Appends an integer to the body.
    mutating func append<T: FixedWidthInteger>(_ value: T) { bytes.append(le: value) }

    /// Appends bytes to the body.
    mutating func append(_ more: [UInt8]) { bytes += more }

    /// Appends a generic address: a register of the I/O space (ACPI 6.4 §5.2.3.2).
    mutating func appendPort(_ port: UInt16, bits: UInt8, accessBytes: UInt8) {
        let size: UInt8 = accessBytes == 1 ? 1 : accessBytes == 2 ? 2 : 3
        bytes += [1, bits, 0, size]
        bytes.append(le: UInt64(port))
    }

    /// Appends the generic address of a register that is not there.
    mutating func appendNoRegister() { bytes += [UInt8](repeating: 0, count: 12) }

    /// The table with its length and checksum filled in.
    var finished: [UInt8] {
        var out = bytes
        out.put(UInt32(truncatingIfNeeded: out.count), at: 4)
        out[9] = out.checksum
        return out
    }
}
