// SPDX-License-Identifier: Apache-2.0

public import Linux

extension ImageChain {
    /// Makes the disk larger; what is added reads as zeros. Engines over it stay, with nothing in flight meanwhile.
    /// - Throws: `Errno` as `Qcow2Image.grow`, or of a write; the disk is as large as before then.
    public func grow(to bytes: UInt64) throws(Errno) {
        let old = image.capacity
        try image.grow(to: bytes, backingBytes: bytesBelow)
        let mask = image.geometry.clusterMask
        guard bytes > old, old & mask != 0 else { return }
        // What the layer below or a file from elsewhere has behind the old end must not come up.
        do throws(Errno) {
            try zero(at: old, count: min((old | mask) &+ 1, bytes) - old)
        } catch {
            try? image.shrink(to: old)
            throw error
        }
    }

    private var bytesBelow: UInt64 {
        switch layers.dropFirst().first {
        case .raw(_, let bytes): bytes
        case .qcow2(let image, _, _): image.capacity
        case nil: 0
        }
    }

    private func zero(at offset: UInt64, count: UInt64) throws(Errno) {
        var writer = try Qcow2Engine(self, files: try BlockingFiles(files), isShared: true)
        let operation = BlockOperation.writeZeroes(at: offset, count: count, unmap: false, durable: true)
        if case .completed(let failure?) = writer.submit(operation, token: 0) { throw failure }
    }
}
