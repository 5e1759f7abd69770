// SPDX-License-Identifier: Apache-2.0

/// One run of guest RAM.
public struct RAMRegion: Equatable, Sendable {
    /// First byte.
    public let start: GuestAddress
    /// Length in bytes.
    public let count: UInt64

    /// A run of `count` bytes.
    public init(start: GuestAddress, count: UInt64) {
        self.start = start
        self.count = count
    }

    /// The first address behind it.
    public var end: UInt64 { start.rawValue + count }
}

/// How a guest's RAM is spread below and above the hole that PCI and the APICs need under 4 GiB.
public struct RAMLayout: Equatable, Sendable {
    /// All of the RAM, in bytes.
    public let bytes: UInt64

    /// RAM of `bytes` bytes, rounded down to whole 4 KiB pages and limited to 64 TiB.
    public init(bytes: UInt64) { self.bytes = min(bytes, 1 << 46) & ~0xFFF }

    /// Where RAM below the hole ends.
    @inline(__always)
    public var lowEnd: UInt64 { min(bytes, PhysicalMap.lowRAMLimit) }

    /// Where RAM above the hole ends; `PhysicalMap.highRAMStart` when there is none.
    @inline(__always)
    public var highEnd: UInt64 { PhysicalMap.highRAMStart + (bytes - lowEnd) }

    /// The first address behind all RAM.
    public var end: UInt64 { bytes > lowEnd ? highEnd : lowEnd }

    /// One or two runs, rising.
    public var regions: [RAMRegion] {
        var all = [RAMRegion(start: GuestAddress(0), count: lowEnd)]
        if bytes > lowEnd {
            all.append(RAMRegion(start: GuestAddress(PhysicalMap.highRAMStart), count: bytes - lowEnd))
        }
        return all
    }

    /// The runs that hold `count` bytes of RAM from `offset` on, counted as if there were no hole.
    public func runs(offset: UInt64, count: UInt64) -> [RAMRegion] {
        let from = min(offset, bytes), to = from + min(count, bytes - from)
        var all: [RAMRegion] = []
        if from < lowEnd { all.append(RAMRegion(start: GuestAddress(from), count: min(to, lowEnd) - from)) }
        if to > lowEnd {
            let start = max(from, lowEnd)
            all.append(
                RAMRegion(start: GuestAddress(PhysicalMap.highRAMStart + (start - lowEnd)), count: to - start))
        }
        return all.filter { $0.count > 0 }
    }
}
