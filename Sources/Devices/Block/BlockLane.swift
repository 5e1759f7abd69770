// SPDX-License-Identifier: Apache-2.0

internal import Linux
internal import Storage
internal import Virtio

/// One queue of a disk with all that is its own: a thread, an engine, counters.
@safe
final class BlockLane<Engine: BlockEngine & ~Copyable>: @unchecked Sendable {
    // Owned by the worker's thread between `start` and `stop`, by the device while that thread is quiet.
    let engine: UnsafeMutablePointer<Engine>
    let worker: QueueWorker<BlockWork<Engine>>
    let metrics = BlockMetrics()
    let parking = ParkingState<ParkedRequest>()

    init(_ engine: consuming Engine, worker: QueueWorker<BlockWork<Engine>>) {
        self.worker = worker
        unsafe self.engine = .allocate(capacity: 1)
        unsafe self.engine.initialize(to: engine)
    }

    deinit {
        worker.shutDown()
        unsafe engine.deinitialize(count: 1)
        unsafe engine.deallocate()
    }

    // What the worker's thread needs of a lane. The lane itself must not end on that thread, which its end joins.
    @safe
    private struct Parts: @unchecked Sendable {
        let engine: UnsafeMutablePointer<Engine>
        let metrics: BlockMetrics
        let parking: ParkingState<ParkedRequest>
    }

    /// Serves one queue from now on; `setup` has no other.
    func start(_ setup: DeviceSetup, shared: BlockShared) {
        let parts = unsafe Parts(engine: engine, metrics: metrics, parking: parking)
        worker.start(setup) { setup, events in
            guard let queue = setup.queues.first else { throw QueueError.size(0) }
            let work = unsafe try BlockWork<Engine>(
                queue, of: setup, engine: parts.engine, shared: shared, metrics: parts.metrics, parking: parts.parking)
            let event = unsafe parts.engine.pointee.completionEvent
            if event >= 0 { try events.add(event, .readable, token: BlockWork<Engine>.completionToken) }
            return work
        }
    }
}
