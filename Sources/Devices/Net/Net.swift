// SPDX-License-Identifier: Apache-2.0

public import Linux
public import Network
import Synchronization
public import Virtio

/// A network card (virtio 1.2 §5.1): pairs of queues, each served by a thread of its own or by the kernel's vhost, and a
/// control queue.
@safe
public final class Net<Port: FramePort & ~Copyable>: VirtioDevice, @unchecked Sendable {
    private let pairs: [NetPair<Port>]
    private let workers: [QueueWorker<NetWork<Port>>]
    private let mtu: UInt16?
    private let offloads: Offloads
    private let shared: NetShared
    private let life = Mutex(Life())

    private struct Life {
        var port: (any TransportPort)?
        var features: UInt64 = 0
        var isPaused = false
    }

    /// Makes a card and its threads.
    /// - Parameters:
    ///   - pairs: what stands behind each pair of queues; at least one.
    ///   - mac: the card's address as the guest reads it.
    ///   - isUp: whether the cable is plugged in.
    ///   - receiving: how fast frames may go to the guest.
    ///   - sending: how fast frames may come from the guest.
    ///   - name: of the threads, with a number behind it where there are several; the kernel keeps 15 bytes.
    ///   - cpus: where the threads may run; the creator's set when nil.
    ///   - onStart: runs first on each thread, such as loading its seccomp filter.
    /// - Throws: `Errno` when the kernel has no descriptor or thread left; EINVAL without a pair.
    public init(
        pairs: [NetPair<Port>], mac: MACAddress, isUp: Bool = true, receiving: FrameRate? = nil,
        sending: FrameRate? = nil, name: String, cpus: CPUSet? = nil, onStart: (@Sendable () -> Void)? = nil
    ) throws(Errno) {
        guard let first = pairs.first else { throw Errno(code: 22, call: "net") }
        var workers: [QueueWorker<NetWork<Port>>] = []
        for index in pairs.indices {
            let label = pairs.count == 1 ? name : "\(name).\(index)"
            workers.append(try QueueWorker(name: label, cpus: cpus, onStart: onStart))
        }
        self.pairs = pairs
        self.workers = workers
        // SAFETY: the pair owns its port.
        mtu = unsafe first.port.pointee.mtu
        offloads = unsafe pairs.reduce(first.port.pointee.supportedOffloads) {
            unsafe $0.intersection($1.port.pointee.supportedOffloads)
        }
        shared = NetShared(NetState(mac: mac, isUp: isUp), receiving: receiving, sending: sending)
    }

    /// Makes a card with one pair of queues.
    /// - Throws: `Errno` as above.
    public convenience init(
        _ port: consuming Port, mac: MACAddress, name: String, cpus: CPUSet? = nil,
        onStart: (@Sendable () -> Void)? = nil
    ) throws(Errno) {
        try self.init(pairs: [try NetPair(port)], mac: mac, name: name, cpus: cpus, onStart: onStart)
    }

    deinit { for worker in workers { worker.shutDown() } }

    /// What each pair has done so far.
    public var metrics: [NetMetrics.Snapshot] { pairs.map { $0.metrics.snapshot } }

    // MARK: VirtioDevice

    /// A network card.
    public var kind: VirtioKind { .network }
    /// What these ports can do, and vhost where it serves them.
    public var offeredFeatures: UInt64 {
        let all = NetFeature.offered(for: offloads, mtu: mtu, pairs: pairs.count)
        return all & (vhostFeatures | ~NetFeature.mergeable)
    }
    /// What vhost does not know, such as packed rings.
    public var refusedFeatures: UInt64 { ~vhostFeatures }
    /// For each pair one queue to receive and one to send, then the control queue.
    public var queueSizes: [UInt16] {
        Array(repeating: NetLimits.queueSize, count: 2 * pairs.count) + [NetLimits.controlQueueSize]
    }

    private var vhostFeatures: UInt64 { pairs.reduce(.max) { $0 & $1.vhostFeatures } }

    /// Reads `struct virtio_net_config`.
    public func readConfiguration(at offset: Int, size: Int) -> UInt64 {
        let state = shared.state.withLock { $0 }
        return NetConfiguration(state, mtu: mtu, pairs: pairs.count).read(at: offset, size: size)
    }

    /// Nothing is writable (§5.1.4).
    public func writeConfiguration(at offset: Int, size: Int, value: UInt64) {}

    /// Serves the queues from now on.
    public func start(_ setup: DeviceSetup) {
        life.withLock { life in
            life.port = setup.port
            life.features = setup.features
        }
        let control = NetControl<Port>.index(features: setup.features, pairs: pairs.count)
        for (index, worker) in workers.enumerated() {
            var part = setup
            part.queues = setup.queues.filter { queue in
                queue.index == control ? index == 0 : queue.index / 2 == index
            }
            let (pairs, shared) = (pairs, shared)
            worker.start(part) { setup, events in
                let work = try NetWork<Port>(setup, index: index, pairs: pairs, shared: shared)
                let pair = pairs[index]
                if !pair.isKernelServed {
                    // SAFETY: the pair owns its port.
                    let raw = unsafe pair.port.pointee.raw
                    try events.add(raw, [.readable, .writable, .edge], token: NetWork<Port>.portToken)
                    try events.add(pair.timer.descriptor.raw, .readable, token: NetWork<Port>.timerToken)
                }
                return work
            }
        }
    }

    /// Forgets the driver; frames that come are left in the ports.
    public func stop() {
        for worker in workers { worker.stop() }
        life.withLock { $0.port = nil }
        shared.forgetDriver()
    }

    /// Gives the driver's buffers back and leaves the ports alone.
    public func pause() {
        life.withLock { life in
            for worker in workers { worker.pause() }
            life.isPaused = true
        }
    }

    /// Goes on.
    public func resume() {
        life.withLock { life in
            life.isPaused = false
            for worker in workers { worker.resume() }
        }
    }

    /// How far the queues have got.
    public func queuePositions() -> [QueuePosition] {
        workers.flatMap { $0.positions() }.sorted { $0.queue < $1.queue }
    }

    // MARK: Link and state

    /// Plugs the cable in or pulls it: the guest sees it (VIRTIO_NET_S_LINK_UP), the host sees it, and no frame flows
    /// over a pulled one.
    public func setLink(up: Bool) {
        guard shared.isUp.exchange(up, ordering: .acquiringAndReleasing) != up else { return }
        shared.state.withLock { $0.isUp = up }
        lookAgain()?.configurationChanged()
    }

    /// Asks the driver to tell the network where it is now, as after a migration (VIRTIO_NET_S_ANNOUNCE); false when it
    /// is not there or does not know how.
    @discardableResult
    public func announce() -> Bool {
        let port = life.withLock { life in
            life.features & NetFeature.announce != 0 && life.features & NetFeature.control != 0 ? life.port : nil
        }
        guard let port else { return false }
        shared.state.withLock { $0.announces = true }
        port.configurationChanged()
        return true
    }

    /// Has the kernel's vhost note in guest memory's dirty bitmap what it writes, or stop doing so; what this process
    /// writes is always noted.
    public func logWrites(_ on: Bool) {
        guard shared.logsWrites.exchange(on, ordering: .acquiringAndReleasing) != on else { return }
        _ = lookAgain()
    }

    /// Has every worker look at what has changed; says who the driver is reached by.
    private func lookAgain() -> (any TransportPort)? {
        life.withLock { life in
            for worker in workers where !life.isPaused {
                worker.pause()
                worker.resume()
            }
            return life.port
        }
    }

    /// The device's state; take it while paused.
    public var state: NetState { shared.state.withLock { $0 } }

    /// Takes up a state before `start`.
    public func restore(_ state: NetState) {
        shared.isUp.store(state.isUp, ordering: .relaxed)
        shared.state.withLock { $0 = state }
    }
}
