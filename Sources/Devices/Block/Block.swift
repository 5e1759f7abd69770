// SPDX-License-Identifier: Apache-2.0

public import Linux
public import Storage
import Synchronization
public import Virtio

/// A disk (virtio 1.2 §5.2): queues, each served by a thread and an engine of its own.
@safe
public final class Block<Engine: BlockEngine & ~Copyable>: VirtioDevice, StoppableDisk, @unchecked Sendable {
    private let lanes: [BlockLane<Engine>]
    private let image: ImageProperties
    private let shared: BlockShared
    private let life = Mutex(Life())

    private struct Life {
        var port: (any TransportPort)?
        var isPaused = false
    }

    /// Makes a disk and its threads.
    /// - Parameters:
    ///   - queues: how many, 1 to `BlockLimits.queues`.
    ///   - profile: how it presents itself.
    ///   - thread: name of the threads, of which the kernel keeps 15 bytes.
    ///   - cpus: where the threads may run; the creator's set when nil.
    ///   - onStart: runs first on each thread, such as loading its seccomp filter.
    ///   - engine: makes the engine of a queue; all of them lead to the same image.
    /// - Throws: `Errno` when the kernel has no descriptor or thread left, and what `engine` throws.
    public init(
        queues: Int = 1, profile: DiskProfile, thread: String, cpus: CPUSet? = nil,
        onStart: (@Sendable () -> Void)? = nil, engine: (Int) throws -> Engine
    ) throws {
        var lanes: [BlockLane<Engine>] = []
        for index in 0..<min(max(queues, 1), BlockLimits.queues) {
            let name = queues > 1 ? "\(thread).\(index)" : thread
            let worker = try QueueWorker<BlockWork<Engine>>(name: name, cpus: cpus, onStart: onStart)
            lanes.append(BlockLane(try engine(index), worker: worker))
        }
        self.lanes = lanes
        // SAFETY: the workers have nothing to do yet.
        var image = unsafe lanes[0].engine.pointee.properties
        image.take(profile)
        self.image = image
        shared = BlockShared(capacity: image.capacity, profile: profile)
    }

    /// What the disk has done so far, all queues together.
    public var metrics: BlockMetrics.Snapshot {
        lanes.reduce(BlockMetrics.Snapshot()) { $0 + $1.metrics.snapshot }
    }

    // MARK: VirtioDevice

    /// A disk.
    public var kind: VirtioKind { .block }
    /// What this image allows.
    public var offeredFeatures: UInt64 { BlockFeature.offered(for: image, queues: lanes.count) }
    /// Queues of requests.
    public var queueSizes: [UInt16] { lanes.map { _ in BlockLimits.queueSize } }

    /// Reads `struct virtio_blk_config`.
    public func readConfiguration(at offset: Int, size: Int) -> UInt64 {
        BlockConfiguration(
            image, capacity: shared.capacity.load(ordering: .relaxed),
            writeCache: shared.writeCache.load(ordering: .relaxed), queues: lanes.count
        ).read(at: offset, size: size)
    }

    /// Takes the write cache's switch; everything else is read-only and ignored (§5.2.4).
    public func writeConfiguration(at offset: Int, size: Int, value: UInt64) {
        guard offset == BlockConfiguration.writeCacheOffset, size == 1, !image.isReadOnly else { return }
        shared.writeCache.store(value & 1 != 0, ordering: .relaxed)
    }

    /// Serves the queues from now on; a driver that enabled none is told that nothing will come of it.
    public func start(_ setup: DeviceSetup) {
        life.withLock { $0.port = setup.port }
        guard setup.queues.contains(where: { lanes.indices.contains($0.index) }) else { return setup.port.needsReset() }
        for queue in setup.queues where lanes.indices.contains(queue.index) {
            var own = setup
            own.queues = [queue]
            lanes[queue.index].start(own, shared: shared)
        }
    }

    /// Ends what is in flight and forgets the driver and what was to be tried again; the write cache is on (§5.2.5.2).
    public func stop() {
        for lane in lanes {
            lane.worker.stop()
            lane.parking.clear()
        }
        life.withLock { $0.port = nil }
        shared.writeCache.store(true, ordering: .relaxed)
    }

    /// Ends what is in flight.
    public func pause() {
        life.withLock { life in
            for lane in lanes { lane.worker.pause() }
            life.isPaused = true
        }
    }

    /// Goes on, first with what is to be tried again.
    public func resume() {
        life.withLock { life in
            life.isPaused = false
            for lane in lanes { lane.worker.resume() }
        }
    }

    /// How far the queues have got.
    public func queuePositions() -> [QueuePosition] { lanes.flatMap { $0.worker.positions() } }

    // MARK: StoppableDisk

    /// How many requests wait to be tried again.
    public var parkedRequests: Int { lanes.reduce(0) { $0 + $1.parking.count.load(ordering: .relaxed) } }
    /// Whether all of them wait for space.
    public var waitsForSpace: Bool { lanes.allSatisfy { $0.parking.isNoSpaceOnly.load(ordering: .relaxed) } }

    /// Tries them again while the machine is paused; says whether none is left.
    public func retry() -> Bool {
        life.withLock { life in
            for lane in lanes where lane.parking.count.load(ordering: .relaxed) > 0 {
                lane.worker.resume()
                if life.isPaused { lane.worker.pause() }
            }
        }
        return parkedRequests == 0
    }

    /// Looks at the image's size again and tells the driver when it has changed; says how many bytes there are now.
    /// - Parameter change: makes the image larger, while nothing is in flight.
    /// - Throws: `Errno` when the image's size cannot be read, and what `change` throws; nothing has changed then.
    @discardableResult
    public func refreshCapacity(after change: () throws(Errno) -> Void = {}) throws(Errno) -> UInt64 {
        var failure: Errno?
        var capacity: UInt64 = 0
        var isNew = false
        let port = life.withLock { life -> (any TransportPort)? in
            for lane in lanes { lane.worker.pause() }
            do throws(Errno) { try change() } catch { failure = error }
            for lane in lanes where failure == nil {
                // SAFETY: the workers are paused, and `life` keeps everybody from letting them go on.
                do throws(Errno) { try unsafe lane.engine.pointee.refresh() } catch { failure = error }
            }
            if failure == nil {
                capacity = unsafe lanes[0].engine.pointee.properties.capacity
                isNew = shared.capacity.exchange(capacity, ordering: .relaxed) != capacity
            }
            if !life.isPaused { for lane in lanes { lane.worker.resume() } }
            return life.port
        }
        if let failure { throw failure }
        if isNew { port?.configurationChanged() }
        return capacity
    }

    // MARK: State

    /// The device's state; take it while paused.
    public var state: BlockState {
        BlockState(
            capacity: shared.capacity.load(ordering: .relaxed), writeCache: shared.writeCache.load(ordering: .relaxed),
            parked: lanes.flatMap { lane in lane.parking.requests.withLock { $0 } })
    }

    /// Takes up a state before `start`; the capacity is the image's own, and the driver is told when it differs.
    public func restore(_ state: BlockState) {
        shared.writeCache.store(state.writeCache, ordering: .relaxed)
        for (index, lane) in lanes.enumerated() {
            lane.parking.requests.withLock { $0 = state.parked.filter { Int($0.queue) == index } }
        }
    }
}
