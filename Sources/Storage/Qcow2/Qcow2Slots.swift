// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Linux

/// The memory of an engine's operations, transfers and first writes, made once.
@safe
final class Qcow2Slots: @unchecked Sendable {
    let operations: UnsafeMutablePointer<Qcow2Operation>
    let parts: UnsafeMutablePointer<Qcow2Part>
    let firstWrites: UnsafeMutablePointer<Qcow2FirstWrite>
    let depth: Int
    let partCount: Int
    let firstWriteCount: Int
    let clusterBytes: Int
    /// Completions on their way to the worker, as many as operations.
    let ended: UnsafeMutablePointer<BlockCompletion>
    private let vectors: Mapping
    private let buffers: Mapping
    private let zeroMemory: Mapping
    private var freeParts: [Int]
    private var freeFirstWrites: [Int]

    init(depth: Int, parts count: Int, firstWrites firstCount: Int, clusterBytes: Int) throws(Errno) {
        let flags = MAP_PRIVATE | MAP_ANONYMOUS
        let stride = unsafe MemoryLayout<iovec>.stride * VectorStore.capacity
        // One more for bytes that are set or copied at once.
        let vectors = try Mapping(
            count: (count + firstCount + 1) * stride, protection: PROT_READ | PROT_WRITE, flags: flags)
        buffers = try Mapping(
            count: firstCount * 2 * clusterBytes, protection: PROT_READ | PROT_WRITE, flags: flags)
        zeroMemory = try Mapping(count: clusterBytes, protection: PROT_READ, flags: flags)
        self.depth = depth
        partCount = count
        firstWriteCount = firstCount
        self.clusterBytes = clusterBytes
        unsafe operations = .allocate(capacity: depth)
        unsafe operations.initialize(repeating: Qcow2Operation(), count: depth)
        unsafe ended = .allocate(capacity: depth)
        unsafe ended.initialize(repeating: BlockCompletion(token: 0, failure: nil), count: depth)
        unsafe parts = .allocate(capacity: count)
        unsafe firstWrites = .allocate(capacity: firstCount)
        let base = unsafe vectors.base
        for index in 0..<count {
            // SAFETY: the mapping has a store's room for each.
            let store = unsafe VectorStore((base + index * stride).assumingMemoryBound(to: iovec.self))
            unsafe (parts + index).initialize(to: Qcow2Part(vectors: store))
        }
        let none = PendingWrite(
            cluster: 0, count: 0, host: 0, isNew: false, isFresh: false, stored: 0..<0, keepsOthers: false)
        for index in 0..<firstCount {
            let store = unsafe VectorStore((base + (count + index) * stride).assumingMemoryBound(to: iovec.self))
            unsafe (firstWrites + index).initialize(to: Qcow2FirstWrite(write: none, vectors: store))
        }
        scratch = unsafe VectorStore(
            (base + (count + firstCount) * stride).assumingMemoryBound(to: iovec.self))
        freeParts = Array((0..<count).reversed())
        freeFirstWrites = Array((0..<firstCount).reversed())
        self.vectors = vectors
    }

    deinit {
        unsafe operations.deallocate()
        unsafe ended.deallocate()
        unsafe parts.deallocate()
        unsafe firstWrites.deallocate()
    }

    /// For bytes that are set or copied at once.
    var scratch: VectorStore

    /// A cluster of zeros that must not be written.
    var zeros: UnsafeMutableRawPointer { unsafe zeroMemory.base }

    /// Whether nothing is under way.
    var isIdle: Bool { freeParts.count == partCount && freeFirstWrites.count == firstWriteCount }
    var hasPart: Bool { !freeParts.isEmpty }
    var hasFirstWrite: Bool { !freeFirstWrites.isEmpty }

    func takePart() -> Int? { freeParts.popLast() }
    func givePart(_ index: Int) {
        unsafe parts[index].owner = .none
        freeParts.append(index)
    }
    func takeFirstWrite() -> Int? { freeFirstWrites.popLast() }
    func giveFirstWrite(_ index: Int) { freeFirstWrites.append(index) }

    /// Memory for the bytes of the guest range before a first write's data.
    func head(_ index: Int) -> UnsafeMutableRawPointer { unsafe buffers.base + index * 2 * clusterBytes }
    /// Memory for those behind.
    func tail(_ index: Int) -> UnsafeMutableRawPointer { unsafe head(index) + clusterBytes }
}
