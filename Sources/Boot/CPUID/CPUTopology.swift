// SPDX-License-Identifier: Apache-2.0

/// Sockets, cores a socket and threads a core, and the APIC ids that show them (Intel SDM 3A 9.9.3).
public struct CPUTopology: Equatable, Sendable {
    /// Number of sockets.
    public let sockets: Int
    /// Cores in each socket.
    public let cores: Int
    /// Threads in each core.
    public let threads: Int

    /// A topology; nil unless each number is at least one and all ids fit 31 bits.
    public init?(sockets: Int, cores: Int, threads: Int) {
        guard (1...0x1_0000).contains(sockets), (1...0x1000).contains(cores), (1...16).contains(threads),
            Self.bits(sockets) + Self.bits(cores) + Self.bits(threads) < 31
        else { return nil }
        self.sockets = sockets
        self.cores = cores
        self.threads = threads
    }

    /// Number of vCPUs.
    public var count: Int { sockets * cores * threads }

    /// Bits of an APIC id that tell threads of a core apart.
    public var threadBits: Int { Self.bits(threads) }

    /// Bits of an APIC id that tell cores of a socket apart.
    public var coreBits: Int { Self.bits(cores) }

    /// The APIC id of a vCPU, threads counting fastest, each level in a field as wide as a power of two needs.
    /// - Parameter index: from 0 to `count`, exclusive; larger ones go on in further sockets.
    public func apicID(of index: Int) -> UInt32 {
        let (core, thread) = index.quotientAndRemainder(dividingBy: threads)
        let (socket, coreInSocket) = core.quotientAndRemainder(dividingBy: cores)
        return UInt32(truncatingIfNeeded: socket << (coreBits + threadBits) | coreInSocket << threadBits | thread)
    }

    /// The widest group of APIC ids, in bits, that lies in one socket and, if nodes are given, in one NUMA node.
    ///
    /// Linux warns about a cache shared across nodes and then ignores it (`topology_sane`), so none is shown.
    func lastLevelBits(nodes: [Int]) -> Int {
        var bits = coreBits + threadBits
        while bits > threadBits {
            var nodeOfGroup: [UInt32: Int] = [:]
            let fits = nodes.prefix(count).enumerated().allSatisfy { index, node in
                let group = apicID(of: index) >> UInt32(bits)
                if let known = nodeOfGroup[group] { return known == node }
                nodeOfGroup[group] = node
                return true
            }
            if fits { return bits }
            bits -= 1
        }
        return bits
    }

    private static func bits(_ count: Int) -> Int {
        Int.bitWidth - (count - 1).leadingZeroBitCount
    }
}
