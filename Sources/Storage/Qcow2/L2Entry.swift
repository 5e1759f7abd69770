// SPDX-License-Identifier: Apache-2.0

/// An entry of an L2 table, and the subcluster bitmap where there is one (qcow2, "Cluster mapping").
struct L2Entry: Equatable, Sendable {
    var word: UInt64
    var bitmap: UInt64 = 0

    static let copied: UInt64 = 1 << 63
    static let compressed: UInt64 = 1 << 62
    static let zero: UInt64 = 1
    static let offsetMask: UInt64 = 0x00FF_FFFF_FFFF_FE00
    static let reserved: UInt64 = 0x3F00_0000_0000_01FE
    static let allSubclusters: UInt64 = 0xFFFF_FFFF

    static let unallocated = L2Entry(word: 0)

    @inline(__always) var isCopied: Bool { word & Self.copied != 0 }
    @inline(__always) var isCompressed: Bool { word & Self.compressed != 0 }
    @inline(__always) var host: UInt64 { word & Self.offsetMask }
    /// Subclusters that are stored.
    @inline(__always) var stored: UInt64 { bitmap & Self.allSubclusters }
    /// Subclusters that are zeros.
    @inline(__always) var zeros: UInt64 { bitmap >> 32 }

    /// Whether a host cluster belongs to the entry.
    @inline(__always)
    func hasHost(_ geometry: Qcow2Geometry) -> Bool { host != 0 || (geometry.hasDataFile && isCopied) }

    /// What a unit of the cluster is; the entry is well formed.
    @inline(__always)
    func kind(_ unit: UInt64, _ geometry: Qcow2Geometry) -> ExtentKind {
        if isCompressed { return .compressed }
        if geometry.isExtended {
            if bitmap >> unit & 1 != 0 { return .data }
            return bitmap >> (unit &+ 32) & 1 != 0 ? .zero : .unallocated
        }
        if geometry.hasZeroFlag, word & Self.zero != 0 { return .zero }
        return hasHost(geometry) ? .data : .unallocated
    }

    /// Whether every bit makes sense; where the cluster lies is judged elsewhere.
    func isWellFormed(_ geometry: Qcow2Geometry) -> Bool {
        if isCompressed { return !geometry.hasDataFile && !isCopied }
        if word & Self.reserved != 0 || host & geometry.clusterMask != 0 { return false }
        if word & Self.zero != 0, !geometry.hasZeroFlag { return false }
        if geometry.isExtended {
            if stored & zeros != 0 { return false }
            if stored != 0, !hasHost(geometry) { return false }
        }
        if host == 0, isCopied, !geometry.hasDataFile { return false }
        return true
    }

    /// Where the compressed bytes of a cluster start, and how many there are up to the end of their last sector.
    func compressedRange(_ geometry: Qcow2Geometry) -> (offset: UInt64, count: UInt64) {
        let x = 62 &- (geometry.clusterBits &- 8)
        let offset = word & ((1 << x) &- 1) & 0x00FF_FFFF_FFFF_FFFF
        let sectors = (word & ~(Self.compressed | Self.copied)) >> x
        return (offset, (sectors &+ 1) &* 512 &- (offset & 511))
    }
}
