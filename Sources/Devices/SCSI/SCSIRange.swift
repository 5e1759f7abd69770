// SPDX-License-Identifier: Apache-2.0

/// Bytes of a medium.
struct SCSIRange: BitwiseCopyable {
    var offset: UInt64 = 0
    var count: UInt64 = 0
}
