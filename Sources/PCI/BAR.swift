// SPDX-License-Identifier: Apache-2.0

/// The shape of a memory base address register; its address is in the configuration space.
public struct BAR: Equatable, Sendable {
    /// Number of its first register, 0 to 5.
    public let index: Int
    /// Size in bytes: a power of two from 16.
    public let bytes: UInt64
    /// Whether it takes two registers.
    public let is64Bit: Bool
    /// Whether reads have no side effects and writes may be merged.
    public let isPrefetchable: Bool

    /// A register of at least `minimumBytes`, rounded up to a power of two and to a page.
    public init(index: Int, minimumBytes: UInt64, is64Bit: Bool, isPrefetchable: Bool = false) {
        precondition((0..<(is64Bit ? 5 : 6)).contains(index), "No such BAR")
        precondition(minimumBytes <= (is64Bit ? 1 << 40 : 1 << 30), "BAR too large")
        self.index = index
        var bytes: UInt64 = 4096
        while bytes < minimumBytes { bytes <<= 1 }
        self.bytes = bytes
        self.is64Bit = is64Bit
        self.isPrefetchable = isPrefetchable
    }

    var offset: Int { Register.baseAddress0 + 4 * index }
}
