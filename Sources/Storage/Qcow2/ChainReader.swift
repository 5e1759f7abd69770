// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Linux

/// Finds where the bytes of a chain are.
@safe
struct ChainReader: ~Copyable, @unchecked Sendable {
    /// A stretch of a disk, resolved through all layers.
    enum Place {
        /// Zeros.
        case zeros(count: UInt64)
        /// Bytes of a file.
        case stored(file: Int, at: UInt64, count: UInt64)
        /// Bytes `from` on of a compressed cluster.
        case compressed(layer: Int, entry: UInt64, from: UInt64, count: UInt64)
    }

    private let chain: ImageChain
    private let layers: UnsafeMutablePointer<ChainLayer>
    let count: Int

    init(_ chain: ImageChain) {
        self.chain = chain
        count = chain.layers.count
        unsafe layers = .allocate(capacity: count)
        for (index, layer) in chain.layers.enumerated() { unsafe (layers + index).initialize(to: ChainLayer(layer)) }
    }

    deinit { unsafe layers.deallocate() }

    /// A layer; `index` is below `count`.
    @inline(__always)
    func layer(_ index: Int) -> ChainLayer { unsafe layers[index] }

    /// Whether all layers say zeros for a range of the disk without anything being read but tables.
    /// - Throws: `Errno`.
    func isZero(_ range: Range<UInt64>) throws(Errno) -> Bool {
        var at = range.lowerBound
        while at < range.upperBound {
            guard case .zeros(let count) = try place(of: at, count: range.upperBound &- at) else { return false }
            at &+= count
        }
        return true
    }

    /// Where the bytes at `offset` are, up to `count` of them.
    /// - Throws: `Errno` of a table's read; EIO where a table makes no sense.
    @inline(__always)
    func place(of offset: UInt64, count: UInt64) throws(Errno) -> Place {
        var left = count
        for index in 0..<self.count {
            let layer = layer(index)
            if index > 0 {
                guard offset < layer.bytes else { return .zeros(count: left) }
                left = min(left, layer.bytes &- offset)
            }
            guard let lookup = layer.lookup else { return .stored(file: layer.dataFile, at: offset, count: left) }
            var extent = lookup.extent(at: offset, count: left, forWriting: false)
            if extent.kind == .unknown { extent = try load(layer, offset, left) }
            switch extent.kind {
            case .data: return .stored(file: layer.dataFile, at: extent.host, count: extent.count)
            case .zero: return .zeros(count: extent.count)
            case .compressed:
                let from = offset & lookup.geometry.clusterMask
                return .compressed(layer: index, entry: extent.host, from: from, count: extent.count)
            case .unallocated: left = extent.count
            case .unknown, .invalid: throw Errno(code: EIO, call: "qcow2 L2 entry")
            }
        }
        return .zeros(count: left)
    }

    private func load(_ layer: ChainLayer, _ offset: UInt64, _ count: UInt64) throws(Errno) -> Extent {
        guard let image = unsafe layer.image else { return .unknown }
        // SAFETY: the chain keeps its images.
        return try unsafe image.takeUnretainedValue().extent(at: offset, count: count, forWriting: false)
    }
}
