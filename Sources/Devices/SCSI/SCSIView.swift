// SPDX-License-Identifier: Apache-2.0

/// What judging a command needs to know of its unit, at one moment.
struct SCSIView: Equatable {
    var kind = SCSIKind.disk
    /// Bytes of a block, a power of two.
    var blockBytes: UInt64 = 512
    /// Blocks of the medium; 0 without one.
    var blocks: UInt64 = 0
    var isReadOnly = false
    var canDiscard = false
    var hasMedium = true
    var isTrayOpen = false

    /// Why nothing can be read or written now, or nil.
    var notReady: Sense? {
        hasMedium && !isTrayOpen ? nil : isTrayOpen ? .noMediumTrayOpen : .noMediumTrayClosed
    }

    /// Whether blocks lie on the medium.
    @inline(__always)
    func contains(_ block: UInt64, count: UInt64) -> Bool { block <= blocks && count <= blocks &- block }
}
