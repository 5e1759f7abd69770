// SPDX-License-Identifier: Apache-2.0

public import Linux
public import Storage
import Synchronization
public import Virtio

/// A disk (virtio 1.2 §5.2): one queue, served by a thread of its own.
@safe
public final class Block<Engine: BlockEngine & ~Copyable>: VirtioDevice, @unchecked Sendable {
    // Owned by the worker's thread between `start` and `stop`, by whoever holds `life` while that thread is quiet.
    private let engine: UnsafeMutablePointer<Engine>
    private let image: ImageProperties
    private let shared: BlockShared
    private let worker: QueueWorker<BlockWork<Engine>>
    private let life = Mutex(Life())

    private struct Life {
        var port: (any TransportPort)?
        var isPaused = false
    }

    // The engine's address on its way to the worker's thread.
    @safe
    private struct Handle: @unchecked Sendable {
        let engine: UnsafeMutablePointer<Engine>
    }

    /// Makes a disk and its thread.
    /// - Parameters:
    ///   - serial: what the guest reads as the disk's serial number; 20 bytes of it.
    ///   - name: of the thread; the kernel keeps 15 bytes.
    ///   - cpus: where the thread may run; the creator's set when nil.
    ///   - onStart: runs first on the thread, such as loading its seccomp filter.
    /// - Throws: `Errno` when the kernel has no descriptor or thread left.
    public init(
        _ engine: consuming Engine, serial: String, name: String, cpus: CPUSet? = nil,
        onStart: (@Sendable () -> Void)? = nil
    ) throws(Errno) {
        worker = try QueueWorker(name: name, cpus: cpus, onStart: onStart)
        image = engine.properties
        shared = BlockShared(capacity: engine.properties.capacity, serial: serial)
        unsafe self.engine = .allocate(capacity: 1)
        unsafe self.engine.initialize(to: engine)
    }

    deinit {
        worker.shutDown()
        unsafe engine.deinitialize(count: 1)
        unsafe engine.deallocate()
    }

    /// What the disk has done so far.
    public var metrics: BlockMetrics { shared.metrics }

    // MARK: VirtioDevice

    /// A disk.
    public var kind: VirtioKind { .block }
    /// What this image allows.
    public var offeredFeatures: UInt64 { BlockFeature.offered(for: image) }
    /// One queue of requests.
    public var queueSizes: [UInt16] { [BlockLimits.queueSize] }

    /// Reads `struct virtio_blk_config`.
    public func readConfiguration(at offset: Int, size: Int) -> UInt64 {
        BlockConfiguration(
            image, capacity: shared.capacity.load(ordering: .relaxed),
            writeCache: shared.writeCache.load(ordering: .relaxed)
        ).read(at: offset, size: size)
    }

    /// Takes the write cache's switch; everything else is read-only and ignored (§5.2.4).
    public func writeConfiguration(at offset: Int, size: Int, value: UInt64) {
        guard offset == BlockConfiguration.writeCacheOffset, size == 1, !image.isReadOnly else { return }
        shared.writeCache.store(value & 1 != 0, ordering: .relaxed)
    }

    /// Serves the queue from now on.
    public func start(_ setup: DeviceSetup) {
        life.withLock { $0.port = setup.port }
        let handle = unsafe Handle(engine: engine)
        let shared = self.shared
        worker.start(setup) { setup, events in
            guard let queue = setup.queues.first(where: { $0.index == 0 }) else { throw QueueError.size(0) }
            let work = unsafe try BlockWork<Engine>(queue, of: setup, engine: handle.engine, shared: shared)
            let event = unsafe handle.engine.pointee.completionEvent
            if event >= 0 { try events.add(event, .readable, token: BlockWork<Engine>.completionToken) }
            return work
        }
    }

    /// Ends what is in flight and forgets the driver; its write cache is on again (§5.2.5.2).
    public func stop() {
        worker.stop()
        life.withLock { $0.port = nil }
        shared.writeCache.store(true, ordering: .relaxed)
    }

    /// Ends what is in flight.
    public func pause() {
        life.withLock { life in
            worker.pause()
            life.isPaused = true
        }
    }

    /// Goes on.
    public func resume() {
        life.withLock { life in
            life.isPaused = false
            worker.resume()
        }
    }

    /// How far the queue has got.
    public func queuePositions() -> [QueuePosition] { worker.positions() }

    // MARK: Size and state

    /// Looks at the image's size again and tells the driver when it has changed; says how many bytes there are now.
    /// - Throws: `Errno` when the image's size cannot be read; nothing has changed then.
    @discardableResult
    public func refreshCapacity() throws(Errno) -> UInt64 {
        var failure: Errno?
        var capacity: UInt64 = 0
        var isNew = false
        let port = life.withLock { life -> (any TransportPort)? in
            worker.pause()
            // SAFETY: the worker is paused, and `life` keeps everybody from letting it go on.
            do throws(Errno) { try unsafe engine.pointee.refresh() } catch { failure = error }
            capacity = unsafe engine.pointee.properties.capacity
            isNew = shared.capacity.exchange(capacity, ordering: .relaxed) != capacity
            if !life.isPaused { worker.resume() }
            return life.port
        }
        if let failure { throw failure }
        if isNew { port?.configurationChanged() }
        return capacity
    }

    /// The device's state; take it while paused.
    public var state: BlockState {
        BlockState(
            capacity: shared.capacity.load(ordering: .relaxed), writeCache: shared.writeCache.load(ordering: .relaxed))
    }

    /// Takes up a state before `start`; the capacity is the image's own, and the driver is told when it differs.
    public func restore(_ state: BlockState) { shared.writeCache.store(state.writeCache, ordering: .relaxed) }
}
