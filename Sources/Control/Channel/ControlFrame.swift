// SPDX-License-Identifier: Apache-2.0

/// What precedes each message on the socket: eight bytes, little-endian.
///
///     offset 0  length of the encoded message, UInt32, 1 to 1 MiB
///     offset 4  number of descriptors attached to the frame's first byte, UInt16, 0 to 253
///     offset 6  zero, UInt16
struct ControlFrame: Equatable {
    /// The length of the header, in bytes.
    static let headerBytes = 8
    /// The longest message, in bytes.
    static let maximumBytes = 1 << 20

    /// The length of the message that follows, in bytes.
    let messageBytes: Int
    /// How many descriptors belong to it.
    let descriptors: Int

    init(messageBytes: Int, descriptors: Int) {
        self.messageBytes = messageBytes
        self.descriptors = descriptors
    }

    /// Reads a header from an untrusted peer.
    /// - Throws: `ControlError.malformed` when a number is out of its range.
    init(_ header: ArraySlice<UInt8>) throws(ControlError) {
        let bytes = Array(header)
        guard bytes.count == Self.headerBytes else { throw ControlError.malformed("a header of \(bytes.count) bytes") }
        let length = UInt32(bytes[0]) | UInt32(bytes[1]) << 8 | UInt32(bytes[2]) << 16 | UInt32(bytes[3]) << 24
        let count = UInt16(bytes[4]) | UInt16(bytes[5]) << 8
        guard (1...UInt32(Self.maximumBytes)).contains(length) else {
            throw ControlError.malformed("a length of \(length) bytes")
        }
        guard count <= DescriptorBundle.capacity else { throw ControlError.malformed("\(count) descriptors") }
        guard bytes[6] == 0, bytes[7] == 0 else { throw ControlError.malformed("a header that does not end in zeros") }
        messageBytes = Int(length)
        descriptors = Int(count)
    }

    /// The header's bytes.
    var header: [UInt8] {
        let length = UInt32(truncatingIfNeeded: messageBytes)
        let count = UInt16(truncatingIfNeeded: descriptors)
        return (0..<4).map { UInt8(truncatingIfNeeded: length >> ($0 * 8)) }
            + (0..<2).map { UInt8(truncatingIfNeeded: count >> ($0 * 8)) } + [0, 0]
    }
}
