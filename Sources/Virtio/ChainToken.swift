// SPDX-License-Identifier: Apache-2.0

/// Names a chain that was taken from a queue, to complete it later; opaque, so that every ring layout can use it.
public struct ChainToken: Equatable, Sendable, BitwiseCopyable {
    /// What the driver knows the chain by: its head descriptor's number in a split ring, its buffer ID in a packed one.
    let head: UInt16
    /// Ring entries the chain takes up: 1 in a split ring, its descriptors in a packed one.
    let entries: UInt16

    @inline(__always)
    init(head: UInt16, entries: UInt16) {
        self.head = head
        self.entries = entries
    }

    /// No chain.
    public static let none = ChainToken(head: 0xFFFF, entries: 0)
}
