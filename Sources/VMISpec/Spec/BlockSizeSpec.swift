// SPDX-License-Identifier: Apache-2.0

/// The size of a disk's blocks.
public struct BlockSizeSpec: Hashable, Sendable {
    /// Bytes of a logical block, if given.
    public var logical: UInt32?
    /// Bytes of a physical block, if given.
    public var physical: UInt32?
    /// Bytes that are discarded together, if given.
    public var discardGranularity: UInt32?
    /// Sizes are taken from the volume.
    public var matchVolume: Bool

    init(_ reader: ObjectReader) {
        let sizes = reader.object("custom") { custom in
            (
                logical: custom.integer("logical", in: UInt32(512)...(2 << 20)),
                physical: custom.integer("physical", in: UInt32(512)...(2 << 20)),
                discard: custom.integer("discardGranularity", in: 0...UInt32.max)
            )
        }
        logical = sizes?.logical
        physical = sizes?.physical
        discardGranularity = sizes?.discard
        matchVolume = reader.object("matchVolume") { $0.bool("enabled") ?? true } ?? false
    }
}
