// SPDX-License-Identifier: Apache-2.0

internal import Linux
internal import Storage
import Synchronization
internal import Virtio

/// One request queue with all that is its own: a thread, and a lane to each unit.
@safe
final class SCSIQueue: @unchecked Sendable {
    let index: Int
    let worker: QueueWorker<SCSIWork>
    let parking = ParkingState<SCSIParkedRequest>()
    let cancelled = CancelledTasks()
    /// Lanes by unit; owned by the worker's thread between `start` and `stop`, by the device while that is quiet.
    let lanes: SCSILanes
    private let events = EventsOfWorker()

    // What a running worker waits for; nil without work.
    private final class EventsOfWorker: Sendable {
        let set = Mutex<EventSet?>(nil)
    }

    init(index: Int, worker: QueueWorker<SCSIWork>) {
        self.index = index
        self.worker = worker
        lanes = SCSILanes()
    }

    deinit { worker.shutDown() }

    /// Serves one queue from now on; `setup` has no other.
    func start(_ setup: DeviceSetup, shared: SCSIShared) {
        let (lanes, parking, cancelled, events) = (self.lanes, self.parking, self.cancelled, self.events)
        worker.start(setup) { setup, set in
            guard let queue = setup.queues.first else { throw QueueError.size(0) }
            let work = try SCSIWork(
                queue, of: setup, lanes: lanes, shared: shared, parking: parking, cancelled: cancelled)
            for unit in 0..<SCSILimits.units { try SCSIQueue.watch(lanes, unit, set) }
            events.set.withLock { $0 = set }
            return work
        }
    }

    func stop() {
        worker.stop()
        events.set.withLock { $0 = nil }
        for unit in 0..<SCSILimits.units { unsafe lanes[unit]?.pointee.dropParked() }
        parking.clear()
    }

    /// Puts a lane in the place of a unit's present one, or none; the worker is quiet.
    /// - Throws: `Errno` when the engine's events cannot be waited for; there is no lane then.
    func replace(_ unit: Int, by lane: consuming SCSILane?) throws(Errno) {
        let set = events.set.withLock { $0 }
        if let old = unsafe lanes[unit], let event = unsafe old.pointee.engine?.completionEvent, event >= 0 {
            set?.remove(event)
        }
        lanes.replace(unit, by: lane)
        guard let set else { return }
        do throws(Errno) { try SCSIQueue.watch(lanes, unit, set) } catch {
            lanes.replace(unit, by: nil)
            throw error
        }
    }

    private static func watch(_ lanes: SCSILanes, _ unit: Int, _ set: EventSet) throws(Errno) {
        guard let lane = unsafe lanes[unit], let event = unsafe lane.pointee.engine?.completionEvent, event >= 0 else {
            return
        }
        try set.add(event, .readable, token: UInt64(unit))
    }
}
