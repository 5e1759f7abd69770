// SPDX-License-Identifier: Apache-2.0

/// A logical unit as it tells of itself.
struct Unit {
    let number: UInt64
    var isOptical = false
    var isReadOnly = false
    var blockBytes: UInt64 = 0
    var blocks: UInt64 = 0
}
