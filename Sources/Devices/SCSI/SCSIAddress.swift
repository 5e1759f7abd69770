// SPDX-License-Identifier: Apache-2.0

/// Whom a request is for: the first four bytes of its eight-byte address (virtio 1.2 §5.6.6.1).
struct SCSIAddress: Equatable {
    private let bytes: (UInt8, UInt8, UInt8, UInt8)

    init(_ a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8) { bytes = (a, b, c, d) }

    /// The unit's number; nil when there is no such target, or no unit could have that number.
    @inline(__always)
    var unit: Int? {
        // The single-level format: 1, the target, and the unit's number in flat or peripheral addressing.
        guard bytes.0 == 1, bytes.1 == 0 else { return nil }
        let number = Int(bytes.2 & 0x3F) << 8 | Int(bytes.3)
        return number < SCSILimits.units ? number : nil
    }

    /// The target exists, whatever unit of it is meant.
    @inline(__always) var isTarget: Bool { bytes.0 == 1 && bytes.1 == 0 }

    static func == (a: SCSIAddress, b: SCSIAddress) -> Bool { a.bytes == b.bytes }
}
