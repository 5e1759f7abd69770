// SPDX-License-Identifier: Apache-2.0

/// Feature bits of virtio-net that the driver takes (virtio 1.2 §5.1.3); offloads only where asked for, so that a frame is
/// what it seems.
enum NetFeatures {
    /// Checksums and TCP segments over IPv4, both ways.
    static let offloads: UInt64 = 1 << 0 | 1 << 1 | 1 << 7 | 1 << 11
    static let control: UInt64 = 1 << 17
    static let multiQueue: UInt64 = 1 << 22
    static let mtu: UInt64 = 1 << 3
    static let mac: UInt64 = 1 << 5
    static let mergeableBuffers: UInt64 = 1 << 15
    static let status: UInt64 = 1 << 16
}
