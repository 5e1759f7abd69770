// SPDX-License-Identifier: Apache-2.0

public import Linux
import Synchronization

/// A disk in a qcow2 image: splits each operation into transfers of the image's, its data's and its backing files.
///
/// An operation whose clusters are stored, belong to this disk alone and are described by a table in memory goes
/// straight through as one transfer. All others have a slot in `operations` and are walked from front to back: a stretch
/// at a time becomes a transfer (`parts`), a first write to clusters (`firstWrites`), or is done at once. A walk stops
/// when there is no slot left or when it meets somebody else's first write, and is taken up again by `resume`.
///
/// The files' tokens below `depth` are the guest's own, those behind are the parts', the last the first writes'.
public struct Qcow2Engine<Files: FileEngine & ~Copyable>: ~Copyable, BlockEngine {
    var files: Files
    let chain: ImageChain
    let image: Qcow2Image
    let reader: ChainReader
    let lookup: L2Lookup
    let dataFile: Int
    let isReadOnly: Bool
    let epochs: EngineEpochs
    let slots: Qcow2Slots
    var decoded: DecodedCluster
    let isBlocking: Bool

    /// Most operations in flight.
    public let depth: Int
    // Operations that have ended but were not asked for yet.
    var ended = 0
    var taken = 0
    var active = 0
    var stopped = 0
    var needsCommit = false
    // With other engines on the same image: their links ring here.
    let wake: SharedWake?

    /// A disk on a chain of images.
    /// - Parameters:
    ///   - files: an engine over `chain.files`.
    ///   - isShared: other engines, on threads of their own, serve the same image.
    /// - Throws: `Errno` of `mmap` or `eventfd`.
    public init(_ chain: ImageChain, files: consuming Files, isShared: Bool = false) throws(Errno) {
        let isBlocking = files.completionEvent < 0
        let all = files.depth
        let image = chain.image
        let geometry = image.geometry
        // First writes have two clusters of memory each.
        let most = max(1, (16 << 20) >> (Int(geometry.clusterBits) + 1))
        let first = isBlocking ? 1 : max(1, min(most, 32, all / 8))
        let depth = isBlocking || all < 8 ? 1 : all / 2
        let parts = isBlocking ? 1 : max(1, all - depth - first)
        let slots = try Qcow2Slots(
            depth: depth, parts: parts, firstWrites: first, clusterBytes: Int(geometry.clusterBytes))
        let decoded = try DecodedCluster(chain)
        let wake = isShared && !isBlocking && !image.isReadOnly ? try SharedWake(files.completionEvent) : nil
        self.wake = wake
        self.slots = slots
        self.depth = depth
        self.isBlocking = isBlocking
        epochs = EngineEpochs(count: depth, wake: wake?.raw ?? -1)
        lookup = image.cache.lookup
        isReadOnly = image.isReadOnly
        if case .qcow2(_, _, let data) = chain.layers[0] { dataFile = data } else { dataFile = 0 }
        self.chain = chain
        self.image = image
        image.register(epochs)
        reader = ChainReader(chain)
        self.decoded = decoded
        self.files = files
    }

    deinit { image.unregister(epochs) }

    // MARK: BlockEngine

    /// The disk's size, and the alignment of the file with its data.
    public var properties: ImageProperties {
        var properties = files.properties(of: dataFile)
        let bytes = image.capacity
        properties.fileBytes = bytes
        properties.capacity = ImageProperties.capacity(ofFile: bytes)
        properties.isReadOnly = isReadOnly
        properties.canDiscard = !isReadOnly
        return properties
    }

    /// That of the files' engine, or one that rings also when another engine has linked its write.
    public var completionEvent: Int32 { wake?.raw ?? files.completionEvent }

    /// Starts one operation.
    @inline(__always)
    public mutating func submit(_ operation: BlockOperation, token: Int) -> BlockSubmission {
        begin(token)
        switch operation {
        case .read(let span, let offset, let count):
            let extent = lookup.extent(at: offset, count: count, forWriting: false)
            if extent.kind == .data, extent.count == count {
                return pass(.read(span, at: extent.host, count: count), token)
            }
        case .write(let span, let offset, let count, let durable):
            if isReadOnly { break }
            let extent = lookup.extent(at: offset, count: count, forWriting: true)
            if extent.kind == .data, extent.count == count {
                if durable, image.needsStore.load(ordering: .acquiring) { break }
                return pass(.write(span, at: extent.host, count: count, durable: durable), token)
            }
        case .flush:
            if !isReadOnly, !image.needsStore.load(ordering: .acquiring) { return pass(.flush, token) }
        default: break
        }
        return start(operation, token)
    }

    /// Hands everything submitted so far to the kernel.
    @inline(__always)
    public mutating func commit() {
        needsCommit = false
        files.commit()
    }

    /// Takes one completion; nil when none waits.
    @inline(__always)
    public mutating func nextCompletion() -> BlockCompletion? {
        while true {
            if ended != taken { return takeEnded() }
            guard let completion = files.nextCompletion() else {
                if let wake, wake.hasRung() { continue }
                if stopped > 0, resume() { continue }
                guard needsCommit else { return nil }
                commit()
                continue
            }
            if completion.token < depth {
                end(completion.token)
                return completion
            }
            finishTransfer(completion.token, completion.failure)
            if stopped > 0 { _ = resume() }
        }
    }

    /// Waits until every operation in flight is complete.
    public mutating func drain() {
        while true {
            files.drain()
            while let completion = files.nextCompletion() {
                if completion.token < depth {
                    end(completion.token)
                    note(completion)
                } else {
                    finishTransfer(completion.token, completion.failure)
                }
            }
            if active == 0 { return }
            if stopped > 0, !resume(), slots.isIdle { waitForOthers() }
            if needsCommit { commit() }
        }
    }

    /// Nothing to look at: all engines see the size of the image, which `ImageChain.grow` changes.
    public mutating func refresh() throws(Errno) {}

    /// Where the bytes at `offset` are.
    /// - Throws: `Errno`.
    mutating func place(of offset: UInt64, count: UInt64) throws(Errno) -> ChainReader.Place {
        try reader.place(of: offset, count: count)
    }

    // MARK: Operations

    /// Says that an operation looks at tables from now on.
    @inline(__always)
    private func begin(_ token: Int) {
        if isReadOnly { return }
        // SAFETY: tokens are below `depth`.
        unsafe epochs.starts[token].store(
            image.epoch.load(ordering: .acquiring), ordering: .sequentiallyConsistent)
    }

    @inline(__always)
    func end(_ token: Int) {
        if isReadOnly { return }
        unsafe epochs.starts[token].store(EngineEpochs.idle, ordering: .releasing)
    }

    /// One transfer of the file with the data, and the operation is done.
    @inline(__always)
    private mutating func pass(_ operation: BlockOperation, _ token: Int) -> BlockSubmission {
        let submission = files.submit(operation, file: dataFile, token: isBlocking ? 0 : token)
        if case .completed = submission { end(token) }
        return submission
    }
}
