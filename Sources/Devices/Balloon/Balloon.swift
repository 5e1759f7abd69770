// SPDX-License-Identifier: Apache-2.0

public import Linux
import Synchronization
public import Virtio

/// A memory balloon (virtio 1.2 §5.5): the guest lends pages to the host, reports those it does not use, and tells how
/// it stands with its memory.
///
/// A page that comes back is found zeroed, so the driver need not tell before it takes one: VIRTIO_BALLOON_F_MUST_TELL_HOST
/// is not offered. A reset of the guest takes all pages back and leaves the target: the next driver inflates anew.
public final class Balloon: VirtioDevice {
    private let worker: QueueWorker<BalloonWork>
    private let shared: BalloonShared
    private let transport = Mutex<(any TransportPort)?>(nil)
    private let wanted = Atomic<UInt32>(0)
    private let actual = Atomic<UInt32>(0)
    /// What is offered of this kind of device.
    public let offeredFeatures: UInt64
    /// What the balloon has done so far.
    public var metrics: BalloonMetrics { shared.metrics }

    /// Makes a balloon and its thread.
    /// - Parameters:
    ///   - discards: whether pages are given back to the host; without it the balloon only counts, as for memory whose
    ///     pages are reserved.
    ///   - reportsFreePages: whether the guest is asked to report pages that it does not use.
    ///   - statisticsPeriod: nanoseconds between two askings for statistics; 0 never asks.
    ///   - cpus: where the thread may run; the creator's set when nil.
    ///   - onStart: runs first on the thread, such as loading its seccomp filter.
    /// - Throws: `Errno` when the kernel has no descriptor or thread left.
    public init(
        discards: Bool = true, reportsFreePages: Bool = true, statisticsPeriod: UInt64 = 10_000_000_000,
        cpus: CPUSet? = nil, onStart: (@Sendable () -> Void)? = nil
    ) throws(Errno) {
        shared = try BalloonShared(period: statisticsPeriod, discards: discards)
        worker = try QueueWorker(name: "balloon", cpus: cpus, onStart: onStart)
        offeredFeatures =
            BalloonFeature.statistics | BalloonFeature.deflateOnOOM
            | (discards && reportsFreePages ? BalloonFeature.pageReporting : 0)
    }

    deinit { worker.shutDown() }

    // MARK: VirtioDevice

    /// A balloon.
    public var kind: VirtioKind { .balloon }

    /// Inflate, deflate, and three whose meaning depends on what is negotiated, see `BalloonWork.Role`.
    public var queueSizes: [UInt16] { [128, 128, 64, 64, 64] }

    /// Reads `struct virtio_balloon_config` (§5.5.4).
    public func readConfiguration(at offset: Int, size: Int) -> UInt64 {
        var bytes = ConfigurationBytes(count: 16)
        bytes.put(wanted.load(ordering: .relaxed), at: 0)
        bytes.put(actual.load(ordering: .relaxed), at: 4)
        return bytes.read(at: offset, size: size)
    }

    /// Takes what the driver says is in the balloon; nothing else is writable.
    public func writeConfiguration(at offset: Int, size: Int, value: UInt64) {
        guard offset == 4, size == 4 else { return }
        actual.store(UInt32(truncatingIfNeeded: value), ordering: .relaxed)
    }

    /// Serves the queues from now on.
    public func start(_ setup: DeviceSetup) {
        transport.withLock { $0 = setup.port }
        let shared = self.shared
        worker.start(setup) { setup, events in
            let work = try BalloonWork(setup, shared: shared)
            if shared.period > 0 {
                try events.add(shared.timer.descriptor.raw, .readable, token: BalloonWork.timerToken)
            }
            return work
        }
    }

    /// Forgets the driver: its memory is its own again.
    public func stop() {
        worker.stop()
        transport.withLock { $0 = nil }
        actual.store(0, ordering: .relaxed)
        shared.statistics.withLock { $0 = BalloonStatistics() }
    }

    /// Leaves the queues alone.
    public func pause() { worker.pause() }
    /// Goes on.
    public func resume() { worker.resume() }
    /// How far the queues have got.
    public func queuePositions() -> [QueuePosition] { worker.positions() }

    // MARK: The host's side

    /// Whether pages that the guest lends become free on the host.
    public var givesBack: Bool { shared.discards }

    /// Pages of 4 KiB that the guest is asked to put into the balloon.
    public var wantedPages: UInt32 { wanted.load(ordering: .relaxed) }

    /// Pages that the guest says are in it: a number of its own choice.
    public var actualPages: UInt32 { actual.load(ordering: .relaxed) }

    /// Asks the guest to have this many pages of 4 KiB in the balloon.
    public func setTarget(pages: UInt32) {
        guard wanted.exchange(pages, ordering: .relaxed) != pages else { return }
        transport.withLock { $0 }?.configurationChanged()
    }

    /// What the guest told last of its memory.
    public var statistics: BalloonStatistics { shared.statistics.withLock { $0 } }

    /// The device's state.
    public var state: BalloonState { BalloonState(wanted: wantedPages, actual: actualPages) }

    /// Takes up a state before `start`.
    public func restore(_ state: BalloonState) {
        wanted.store(state.wanted, ordering: .relaxed)
        actual.store(state.actual, ordering: .relaxed)
    }
}
