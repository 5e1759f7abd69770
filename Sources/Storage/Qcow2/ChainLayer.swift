// SPDX-License-Identifier: Apache-2.0

/// A layer as an engine looks at it: nothing here is counted or locked.
@safe
struct ChainLayer: @unchecked Sendable {
    /// nil for a raw layer.
    let lookup: L2Lookup?
    /// Kept alive by the chain.
    let image: Unmanaged<Qcow2Image>?
    let file: Int
    let dataFile: Int
    /// Bytes; the top layer's is asked from the image instead.
    let bytes: UInt64

    init(_ layer: ImageChain.Layer) {
        switch layer {
        case .raw(let index, let size):
            lookup = nil
            unsafe image = nil
            file = index
            dataFile = index
            bytes = size
        case .qcow2(let layerImage, let own, let data):
            lookup = layerImage.cache.lookup
            unsafe image = .passUnretained(layerImage)
            file = own
            dataFile = data
            bytes = layerImage.capacity
        }
    }
}
