// SPDX-License-Identifier: Apache-2.0

/// Which frames a station wants, by where they go.
public struct DestinationFilter: Equatable, Sendable {
    /// Frames to these addresses are wanted; nil wants all frames, whatever their destination.
    public var addresses: [MACAddress]?
    /// Frames to every group are wanted.
    public var takesAllMulticast: Bool

    /// A filter; wants everything unless told otherwise.
    public init(addresses: [MACAddress]? = nil, takesAllMulticast: Bool = true) {
        self.addresses = addresses
        self.takesAllMulticast = takesAllMulticast
    }

    /// Wants everything.
    public static let all = DestinationFilter()

    /// `struct tun_filter` with its addresses (`linux/if_tun.h`); one without addresses lets everything through, and so
    /// does one that the kernel could not hold.
    ///
    /// The kernel compares the first eight and hashes the others, which may then only be groups: single stations come
    /// first.
    var kernelBytes: [UInt8] {
        let exact = 8
        guard let addresses, addresses.filter({ !$0.isMulticast }).count <= exact, addresses.count <= 1024 else {
            return [0, 0, 0, 0]
        }
        let ordered = addresses.filter { !$0.isMulticast } + addresses.filter(\.isMulticast)
        let count = UInt16(ordered.count)
        let header = [takesAllMulticast ? 1 : 0, 0, UInt8(truncatingIfNeeded: count), UInt8(count >> 8)]
        return header + ordered.flatMap(\.bytes)
    }
}
