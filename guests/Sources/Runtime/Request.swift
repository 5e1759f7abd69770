// SPDX-License-Identifier: Apache-2.0

/// A descriptor chain about to be made available: what the device reads first, then what it writes.
public struct Request {
    /// Segments a request may have.
    public static let limit = 8
    private var segments = InlineArray<8, Segment>(repeating: Segment())
    /// How many there are.
    public private(set) var count = 0

    /// An empty request.
    public init() {}

    /// Appends a segment; more than the limit are a mistake of the payload.
    @inline(__always)
    public mutating func append(_ segment: Segment) {
        segments[count] = segment
        count += 1
    }

    /// Appends memory in `parts` pieces of whole 512-byte sectors as far as they go.
    public mutating func append(_ address: UInt64, _ bytes: Int, deviceWrites: Bool, parts: Int) {
        var (offset, left) = (0, max(parts, 1))
        while offset < bytes {
            let piece = left == 1 ? bytes - offset : min(max((bytes / max(parts, 1)) & ~511, 512), bytes - offset)
            append(Segment(address + UInt64(offset), piece, deviceWrites: deviceWrites))
            offset += piece
            left -= 1
        }
    }

    subscript(_ index: Int) -> Segment { segments[index] }
}
