// SPDX-License-Identifier: Apache-2.0

/// Request types (virtio 1.2 §5.2.6).
enum BlockCommand {
    static let read: UInt32 = 0
    static let write: UInt32 = 1
    static let flush: UInt32 = 4
    static let identify: UInt32 = 8
    static let discard: UInt32 = 11
    static let writeZeroes: UInt32 = 13
}
