// SPDX-License-Identifier: Apache-2.0

/// Feature bits of virtio-net that the driver takes (virtio 1.2 §5.1.3); no offloads, so that a frame is what it seems.
enum NetFeatures {
    static let mtu: UInt64 = 1 << 3
    static let mac: UInt64 = 1 << 5
    static let mergeableBuffers: UInt64 = 1 << 15
    static let status: UInt64 = 1 << 16
}
