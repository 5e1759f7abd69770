// SPDX-License-Identifier: Apache-2.0

/// One piece of memory in a request.
public struct Segment {
    /// Its first address.
    public let address: UInt64
    /// Its length in bytes.
    public let bytes: UInt32
    /// Whether the device writes it.
    public let deviceWrites: Bool

    init() {
        self.init(0, 0)
    }

    /// Memory the device reads or writes.
    public init(_ address: UInt64, _ bytes: Int, deviceWrites: Bool = false) {
        self.address = address
        self.bytes = UInt32(bytes)
        self.deviceWrites = deviceWrites
    }
}
