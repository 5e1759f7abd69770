// SPDX-License-Identifier: Apache-2.0

internal import Linux
internal import Storage
import Synchronization
internal import Virtio

/// The units of a controller and the request queues that lead to them.
///
/// One lock is held over every change; while it is held queues are quieted and let go on, never the control queue, whose
/// thread takes this lock for task management.
final class SCSIHub: Sendable {
    let queues: [SCSIQueue]
    let shared = SCSIShared()
    private let life = Mutex(Life())

    private struct Life {
        var units: [Int: SCSIUnit] = [:]
        var port: (any TransportPort)?
        var isPaused = false
    }

    init(_ queues: [SCSIQueue]) { self.queues = queues }

    // MARK: Life

    func start(_ setup: DeviceSetup) {
        life.withLock { life in
            life.port = setup.port
            for queue in setup.queues {
                let index = queue.index - SCSI.firstRequestQueue
                guard queues.indices.contains(index) else { continue }
                var own = setup
                own.queues = [queue]
                queues[index].start(own, shared: shared)
            }
        }
    }

    func stop() {
        life.withLock { life in
            for queue in queues { queue.stop() }
            life.port = nil
            for unit in life.units.values { unit.reset() }
            shared.senseBytes.store(UInt32(SCSILimits.senseBytes), ordering: .relaxed)
            shared.commandBytes.store(UInt32(SCSILimits.commandBytes), ordering: .relaxed)
        }
    }

    func pause() {
        life.withLock { life in
            life.isPaused = true
            for queue in queues { queue.worker.pause() }
        }
    }

    func resume() {
        life.withLock { life in
            life.isPaused = false
            for queue in queues { queue.worker.resume() }
        }
    }

    var positions: [QueuePosition] { queues.flatMap { $0.worker.positions() } }

    var parkedRequests: Int { queues.reduce(0) { $0 + $1.parking.count.load(ordering: .relaxed) } }
    var waitsForSpace: Bool { queues.allSatisfy { $0.parking.isNoSpaceOnly.load(ordering: .relaxed) } }

    func retry() -> Bool {
        life.withLock { life in
            for queue in queues where queue.parking.count.load(ordering: .relaxed) > 0 {
                queue.worker.resume()
                if life.isPaused { queue.worker.pause() }
            }
        }
        return parkedRequests == 0
    }

    /// Runs `body` while no queue touches a unit or guest memory.
    private func whileQuiet<R>(_ life: inout Life, _ body: (inout Life) throws(SCSIError) -> R) throws(SCSIError) -> R {
        for queue in queues { queue.worker.pause() }
        defer { if !life.isPaused { for queue in queues { queue.worker.resume() } } }
        return try body(&life)
    }

    // MARK: Task management

    /// Ends requests of a unit, or all of them: those in flight are waited for, those that wait for the machine to go on
    /// are answered. When this returns the driver can see all answers.
    func cancel(unit: Int, id: UInt64? = nil, response: SCSIResponse, resets: Bool) {
        life.withLock { life in
            // Not declared to throw anything that can happen here.
            try? whileQuiet(&life) { (life) throws(SCSIError) in
                cancelParked(unit, id, response)
                if resets { life.units[unit]?.reset() }
            }
        }
    }

    private func cancelParked(_ unit: Int, _ id: UInt64?, _ response: SCSIResponse) {
        for queue in queues where queue.parking.count.load(ordering: .relaxed) > 0 {
            queue.cancelled.add(CancelledTasks.Selection(unit: unit, id: id, response: response))
            // The queue answers them as it goes on; it is quiet again when the second call returns.
            queue.worker.resume()
            queue.worker.pause()
        }
    }

    func exists(_ unit: Int) -> Bool { life.withLock { $0.units[unit] != nil } }

    // MARK: Units

    func attach(
        _ number: Int, _ kind: SCSIKind, _ profile: DiskProfile, engines: [EngineHandle]?,
        carrier: (any CommandCarrier)? = nil
    ) throws(SCSIError) {
        guard (0..<SCSILimits.units).contains(number) else { throw .noPlace(number) }
        let unit = SCSIUnit(
            number: number, kind: kind, profile: profile, queues: queues.count, image: try image(engines, profile),
            isOpen: false, carrier: carrier)
        // A device of the host tells its own conditions.
        if carrier == nil { unit.raise(.reset) }
        let result = life.withLock { life -> Result<Bool, SCSIError> in
            Result { () throws(SCSIError) in
                guard life.units[number] == nil else { throw .noPlace(number) }
                try whileQuiet(&life) { (life) throws(SCSIError) in
                    try connect(unit, engines)
                    life.units[number] = unit
                    announce(&life, except: number)
                }
                return life.port != nil
            }
        }
        if try result.get() { shared.post(.added(number)) }
    }

    func detach(_ number: Int) throws(SCSIError) {
        let result = life.withLock { life -> Result<Void, SCSIError> in
            Result { () throws(SCSIError) in
                guard life.units[number] != nil else { throw .noUnit(number) }
                try whileQuiet(&life) { (life) throws(SCSIError) in
                    cancelParked(number, nil, .noUnit)
                    for queue in queues { try? queue.replace(number, by: nil) }
                    life.units[number] = nil
                    announce(&life, except: number)
                }
            }
        }
        try result.get()
        shared.post(.removed(number))
    }

    /// Puts another medium into a drive, or none.
    func change(_ number: Int, engines: [EngineHandle]?, force: Bool) throws(SCSIError) {
        let result = life.withLock { life -> Result<Void, SCSIError> in
            Result { () throws(SCSIError) in
                guard let unit = life.units[number] else { throw .noUnit(number) }
                guard unit.kind == .optical else { throw .notRemovable(number) }
                let image = try image(engines, unit.profile)
                guard unit.requestEject(force: force) else { throw .locked(number) }
                try whileQuiet(&life) { (_) throws(SCSIError) in
                    cancelParked(number, nil, .aborted)
                    try connect(unit, engines)
                    unit.replaceMedium(image)
                }
            }
        }
        try result.get()
        shared.post(.mediumChanged(number))
    }

    /// Looks at an image's size again, after a change while nothing is in flight; says how many bytes there are now.
    func refresh(_ number: Int, after change: () throws(Errno) -> Void) throws(SCSIError) -> UInt64 {
        let result = life.withLock { life -> Result<(UInt64, Bool), SCSIError> in
            Result { () throws(SCSIError) in
                guard let unit = life.units[number] else { throw .noUnit(number) }
                return try whileQuiet(&life) { (_) throws(SCSIError) in
                    var bytes: UInt64 = 0
                    do throws(Errno) { try change() } catch { throw .failed(error) }
                    for queue in queues {
                        guard let engine = unsafe queue.lanes[number]?.pointee.engine else { continue }
                        do throws(Errno) { try engine.refresh() } catch { throw .failed(error) }
                        bytes = engine.properties.capacity
                    }
                    let isNew = unit.capacity.load(ordering: .relaxed) != bytes
                    if isNew { unit.resize(bytes) }
                    return (bytes, isNew)
                }
            }
        }
        let (bytes, isNew) = try result.get()
        if isNew { shared.post(.resized(number)) }
        return bytes
    }

    /// What a unit has done so far; nil when there is no such unit.
    func metrics(_ number: Int) -> BlockMetrics.Snapshot? {
        life.withLock { $0.units[number] }?.metrics.reduce(BlockMetrics.Snapshot()) { $0 + $1.snapshot }
    }

    // MARK: State

    var unitStates: [SCSIUnitState] {
        life.withLock { life in life.units.keys.sorted().compactMap { life.units[$0]?.state } }
    }

    func restore(_ state: SCSIState) {
        life.withLock { life in
            for unit in state.units { life.units[Int(clamping: unit.number)]?.restore(unit) }
        }
        for queue in queues {
            queue.parking.requests.withLock { $0 = state.parked.filter { Int(clamping: $0.queue) == queue.index } }
        }
    }

    // MARK: Parts

    private func image(_ engines: [EngineHandle]?, _ profile: DiskProfile) throws(SCSIError) -> ImageProperties? {
        guard let engines else { return nil }
        guard engines.count == queues.count, var image = engines.first?.properties else { throw .engines(queues.count) }
        image.take(profile)
        return image
    }

    private func connect(_ unit: SCSIUnit, _ engines: [EngineHandle]?) throws(SCSIError) {
        for queue in queues {
            let lane = SCSILane(
                unit, queue: queue.index, engine: engines?[queue.index], segments: Int(SCSILimits.queueSize))
            do throws(Errno) { try queue.replace(unit.number, by: lane) } catch { throw .failed(error) }
        }
    }

    /// All other units tell a driver that knows the list of units that it is another.
    private func announce(_ life: inout Life, except number: Int) {
        if life.port != nil {
            for unit in life.units.values where unit.number != number { unit.raise(.unitsChanged) }
        }
        let numbers = life.units.keys.sorted()
        shared.numbers.withLock { $0 = numbers }
    }
}
