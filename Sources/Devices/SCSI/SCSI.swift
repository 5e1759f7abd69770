// SPDX-License-Identifier: Apache-2.0

public import Linux
public import Virtio

/// A SCSI controller (virtio 1.2 §5.6) with one target of up to 256 logical units, which come and go while it runs.
///
/// A control and an event queue share a thread; each request queue has one of its own, and an engine for each unit.
public final class SCSI: VirtioDevice, StoppableDisk {
    static let controlQueue = 0
    static let eventQueue = 1
    static let firstRequestQueue = 2
    private let hub: SCSIHub
    private let control: QueueWorker<SCSIControlWork>

    /// Makes a controller without units, and its threads.
    /// - Parameters:
    ///   - queues: request queues, 1 to `SCSILimits.queues`.
    ///   - thread: name of the threads, of which the kernel keeps 15 bytes.
    ///   - cpus: where the threads may run; the creator's set when nil.
    ///   - onStart: runs first on each thread, such as loading its seccomp filter.
    /// - Throws: `Errno` when the kernel has no descriptor or thread left.
    public init(
        queues: Int = 1, thread: String, cpus: CPUSet? = nil, onStart: (@Sendable () -> Void)? = nil
    ) throws(Errno) {
        var all: [SCSIQueue] = []
        for index in 0..<min(max(queues, 1), SCSILimits.queues) {
            let name = queues > 1 ? "\(thread).\(index)" : thread
            all.append(SCSIQueue(index: index, worker: try QueueWorker(name: name, cpus: cpus, onStart: onStart)))
        }
        hub = SCSIHub(all)
        control = try QueueWorker(name: "\(thread) ctl", cpus: cpus, onStart: onStart)
    }

    deinit { control.shutDown() }

    // MARK: Units

    /// How many engines a unit needs.
    public var requestQueues: Int { hub.queues.count }

    /// Attaches a unit; a running driver is told.
    /// - Parameters:
    ///   - number: 0 to 255.
    ///   - engines: one a request queue, all of the same image; nil for a drive without a medium.
    ///   - carrier: takes every command but reads, writes and flushes, when the image is a SCSI device of the host.
    /// - Throws: `SCSIError`.
    public func attach(
        _ number: Int, _ kind: SCSIKind, _ profile: DiskProfile, engines: [EngineHandle]?,
        carrier: (any CommandCarrier)? = nil
    ) throws(SCSIError) {
        try hub.attach(number, kind, profile, engines: engines, carrier: carrier)
    }

    /// Detaches a unit once its requests have ended; a running driver is told. Its engines are gone when this returns.
    /// - Throws: `SCSIError.noUnit`.
    public func detach(_ number: Int) throws(SCSIError) { try hub.detach(number) }

    /// Puts another medium into a CD-ROM drive, or takes it out.
    /// - Parameters:
    ///   - engines: nil for no medium.
    ///   - force: even when the guest holds the one that is in it.
    /// - Throws: `SCSIError`; a guest that holds its medium is asked to give it up.
    public func change(_ number: Int, engines: [EngineHandle]?, force: Bool) throws(SCSIError) {
        try hub.change(number, engines: engines, force: force)
    }

    /// Looks at an image's size again and tells the driver when it has changed; says how many bytes there are now.
    /// - Parameter change: makes the image larger, while nothing is in flight.
    /// - Throws: `SCSIError`; nothing has changed when `change` throws.
    @discardableResult
    public func refreshCapacity(
        _ number: Int, after change: () throws(Errno) -> Void = {}
    ) throws(SCSIError) -> UInt64 { try hub.refresh(number, after: change) }

    /// What a unit has done so far; nil when there is no such unit.
    public func metrics(_ number: Int) -> BlockMetrics.Snapshot? { hub.metrics(number) }

    // MARK: VirtioDevice

    /// A SCSI host adapter.
    public var kind: VirtioKind { .scsi }
    /// Units come, go and change.
    public var offeredFeatures: UInt64 { SCSIFeature.offered }
    /// Control, events, then requests.
    public var queueSizes: [UInt16] {
        [UInt16](repeating: SCSILimits.queueSize, count: SCSI.firstRequestQueue + hub.queues.count)
    }

    /// Reads `struct virtio_scsi_config`.
    public func readConfiguration(at offset: Int, size: Int) -> UInt64 {
        SCSIConfiguration(
            queues: hub.queues.count, senseBytes: hub.shared.senseBytes.load(ordering: .relaxed),
            commandBytes: hub.shared.commandBytes.load(ordering: .relaxed)
        ).read(at: offset, size: size)
    }

    /// Takes the sizes of sense data (18 to 255) and command blocks (6 to 255); other writes are ignored (§5.6.4).
    public func writeConfiguration(at offset: Int, size: Int, value: UInt64) {
        guard size == 4, let value = UInt32(exactly: value) else { return }
        switch offset {
        case SCSIConfiguration.senseOffset where (18...255).contains(value):
            hub.shared.senseBytes.store(value, ordering: .relaxed)
        case SCSIConfiguration.commandOffset where (6...255).contains(value):
            hub.shared.commandBytes.store(value, ordering: .relaxed)
        default: return
        }
    }

    /// Serves the queues from now on.
    public func start(_ setup: DeviceSetup) {
        hub.start(setup)
        var own = setup
        own.queues = setup.queues.filter { $0.index < SCSI.firstRequestQueue }
        guard !own.queues.isEmpty else { return }
        let hub = self.hub
        control.start(own) { setup, _ in
            let work = try SCSIControlWork(setup, hub: hub)
            if let queue = setup.queues.first(where: { $0.index == SCSI.eventQueue }) {
                hub.shared.setEventKick(queue.kick)
            }
            return work
        }
    }

    /// Ends what is in flight and forgets the driver; units are as if switched on.
    public func stop() {
        // First: it may be waiting for the other queues.
        control.stop()
        hub.shared.setEventKick(-1)
        hub.stop()
    }

    /// Ends what is in flight.
    public func pause() {
        control.pause()
        hub.pause()
    }

    /// Goes on, first with what is to be tried again.
    public func resume() {
        hub.resume()
        control.resume()
    }

    /// How far the queues have got.
    public func queuePositions() -> [QueuePosition] { control.positions() + hub.positions }

    // MARK: StoppableDisk

    /// How many requests wait to be tried again.
    public var parkedRequests: Int { hub.parkedRequests }
    /// Whether all of them wait for space.
    public var waitsForSpace: Bool { hub.waitsForSpace }
    /// Tries them again while the machine is paused; says whether none is left.
    public func retry() -> Bool { hub.retry() }

    // MARK: State

    /// The device's state; take it while paused.
    public var state: SCSIState {
        SCSIState(
            senseBytes: hub.shared.senseBytes.load(ordering: .relaxed),
            commandBytes: hub.shared.commandBytes.load(ordering: .relaxed), units: hub.unitStates,
            parked: hub.queues.flatMap { queue in queue.parking.requests.withLock { $0 } })
    }

    /// Takes up a state before `start`, once its units are attached; false when it is not one a controller could be in.
    public func restore(_ state: SCSIState) -> Bool {
        guard (18...255).contains(state.senseBytes), (6...255).contains(state.commandBytes) else { return false }
        hub.shared.senseBytes.store(state.senseBytes, ordering: .relaxed)
        hub.shared.commandBytes.store(state.commandBytes, ordering: .relaxed)
        hub.restore(state)
        return true
    }
}
