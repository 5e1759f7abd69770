// SPDX-License-Identifier: Apache-2.0

/// An address of either family together with the length of its network's prefix, as in 10.0.2.0/24.
public struct IPPrefix: Hashable, Sendable, CustomStringConvertible {
    /// The address: four bytes of IPv4 or 16 of IPv6, in the order of the wire.
    public let bytes: [UInt8]
    /// The number of leading bits that all addresses of the network share.
    public let length: Int

    /// An address in a network; nil when the bytes are of neither family or too few for the prefix.
    public init?(bytes: [UInt8], length: Int) {
        guard bytes.count == 4 || bytes.count == 16, (0...8 * bytes.count).contains(length) else { return nil }
        self.bytes = bytes
        self.length = length
    }

    /// Parses ADDRESS/LENGTH; nil for anything else.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, (1...3).contains(parts[1].utf8.count), let length = UInt8(parts[1]),
            parts[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let bytes = IPv4Address(parts[0])?.bytes ?? IPv6Address(parts[0])?.bytes
        else { return nil }
        self.init(bytes: bytes, length: Int(length))
    }

    /// True for IPv4.
    public var isIPv4: Bool { bytes.count == 4 }
    /// The address, if it is one of IPv4.
    public var ipv4: IPv4Address? { IPv4Address(bytes: bytes) }
    /// The address, if it is one of IPv6.
    public var ipv6: IPv6Address? { IPv6Address(bytes: bytes) }
    /// The address without the prefix's length.
    public var address: String { ipv4?.description ?? ipv6?.description ?? "" }

    /// The network's own address: all bits behind the prefix are zero.
    public var network: IPPrefix { masked }

    /// The address that is `offset` behind the network's own, in the same network; nil when the network ends before it.
    public func host(_ offset: UInt8) -> IPPrefix? {
        let free = 8 * bytes.count - length
        guard free >= 8 || UInt16(offset) < UInt16(1) << UInt16(free) else { return nil }
        var result = masked.bytes
        // With fewer than eight free bits the offset fits behind the prefix, with more it fills the last byte.
        result[result.count - 1] |= offset
        return IPPrefix(bytes: result, length: length)
    }

    /// Whether this network holds that address.
    public func contains(_ other: [UInt8]) -> Bool {
        IPPrefix(bytes: other, length: length).map { $0.bytes.count == bytes.count && $0.masked == masked } ?? false
    }

    /// ADDRESS/LENGTH.
    public var description: String { "\(address)/\(length)" }

    private var masked: IPPrefix {
        var result = bytes
        for index in result.indices {
            let kept = min(max(length - 8 * index, 0), 8)
            result[index] &= UInt8(truncatingIfNeeded: 0xFF00 >> kept)
        }
        return IPPrefix(bytes: result, length: length) ?? self
    }
}
