// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Linux

/// The compressed cluster that was unpacked last: readers come back to it for the rest.
@safe
struct DecodedCluster: ~Copyable, @unchecked Sendable {
    private let decoder: ClusterDecoder
    private let memory: Mapping
    private let clusterBytes: Int
    // Which cluster of which layer it is, and in which epoch of a layer that changes it was read.
    private var key: (layer: Int, entry: UInt64, epoch: UInt64)?

    /// Memory for the largest clusters of a chain.
    init(_ chain: ImageChain) throws(Errno) {
        var largest: UInt64 = 512
        for case .qcow2(let image, _, _) in chain.layers { largest = max(largest, image.geometry.clusterBytes) }
        decoder = ClusterDecoder()
        clusterBytes = Int(largest)
        // A cluster, and behind it its compressed bytes: at most two clusters and a sector.
        memory = try Mapping(
            count: clusterBytes * 3 + 4096, protection: PROT_READ | PROT_WRITE, flags: MAP_PRIVATE | MAP_ANONYMOUS)
    }

    /// The bytes of a cluster, valid until the next call.
    /// - Throws: `Errno`; EIO for bytes that make no sense.
    mutating func load<Files: FileEngine & ~Copyable>(
        _ layer: ChainLayer, index: Int, entry: UInt64, from files: inout Files
    ) throws(Errno) -> UnsafeRawPointer {
        guard let reference = unsafe layer.image else { throw Errno(code: EIO, call: "qcow2") }
        // SAFETY: the chain keeps its images.
        let image = unsafe reference.takeUnretainedValue()
        let epoch = image.epoch.load(ordering: .acquiring)
        if let key, key == (index, entry, epoch) { return unsafe UnsafeRawPointer(memory.base) }
        key = nil
        let geometry = image.geometry
        let range = L2Entry(word: entry).compressedRange(geometry)
        let size = Int(geometry.clusterBytes)
        guard range.count <= UInt64(2 * clusterBytes + 4096) else { throw Errno(code: EIO, call: "qcow2") }
        let source = unsafe memory.base + clusterBytes
        var vector = unsafe iovec(iov_base: source, iov_len: Int(range.count))
        // SAFETY: the compressed bytes fit behind the cluster; the entry outlives the call.
        unsafe try withUnsafeMutablePointer(to: &vector) { (p) throws(Errno) in
            try unsafe files.perform(
                .read(IOSpan(base: p, count: 1), at: range.offset, count: range.count), file: layer.file)
        }
        let packed = unsafe UnsafeRawBufferPointer(start: source, count: Int(range.count))
        let plain = unsafe UnsafeMutableRawBufferPointer(start: memory.base, count: size)
        guard unsafe decoder.decode(packed, into: plain, image.compression) else {
            throw Errno(code: EIO, call: "compressed cluster")
        }
        key = (index, entry, epoch)
        return unsafe UnsafeRawPointer(memory.base)
    }
}
