// SPDX-License-Identifier: Apache-2.0

/// Feature bits of virtio-blk (virtio 1.2 §5.2.3).
enum BlockFeatures {
    static let sizeMax: UInt64 = 1 << 1
    static let segmentMax: UInt64 = 1 << 2
    static let readOnly: UInt64 = 1 << 5
    static let blockSize: UInt64 = 1 << 6
    static let flush: UInt64 = 1 << 9
    static let topology: UInt64 = 1 << 10
    static let configWCE: UInt64 = 1 << 11
    static let multiqueue: UInt64 = 1 << 12
    static let discard: UInt64 = 1 << 13
    static let writeZeroes: UInt64 = 1 << 14
    static let all =
        sizeMax | segmentMax | readOnly | blockSize | flush | topology | configWCE | multiqueue | discard | writeZeroes
}
