// SPDX-License-Identifier: Apache-2.0

internal import GuestMemory
internal import Linux
import Network
import Virtio

/// A worker's side of a network card: one pair of queues and its port on one thread; the first pair's has the control
/// queue as well.
///
/// The port is watched by edges: reading stops when it is empty or the guest has no buffers, and in the second case a
/// level would wake the thread over and over until the driver kicks. Both halves work in bursts and take turns.
@safe
struct NetWork<Port: FramePort & ~Copyable>: ~Copyable, QueueWork {
    static var portToken: UInt64 { 0 }
    static var timerToken: UInt64 { 1 }

    private let index: Int
    private let pair: NetPair<Port>
    private let shared: NetShared
    private let transport: any TransportPort
    private let kick: Int32
    private let controlIndex: Int?
    private let controlKick: Int32
    private var receiver: NetReceiver<Port>?
    private var transmitter: NetTransmitter<Port>?
    private var kernel: NetKernelRings<Port>?
    private var control: NetControl<Port>?
    private var isBroken = false
    // What the host was shown of the cable.
    private var carrier: Bool

    /// Takes up the queues of pair `index` that the driver enabled: the even one receives, the odd one sends.
    /// - Throws: `QueueError` when a queue cannot be used, `Errno` when memory or an offload is not to be had.
    init(_ setup: DeviceSetup, index: Int, pairs: [NetPair<Port>], shared: NetShared) throws {
        let pair = pairs[index]
        self.index = index
        self.pair = pair
        self.shared = shared
        transport = setup.port
        carrier = shared.isUp.load(ordering: .relaxed)
        let controlIndex = index == 0 ? NetControl<Port>.index(features: setup.features, pairs: pairs.count) : nil
        let controlQueue = setup.queues.first { $0.index == controlIndex }
        let own = setup.queues.filter { $0.index / 2 == index && $0.index != controlIndex }
        self.controlIndex = controlQueue?.index
        controlKick = controlQueue?.kick ?? -1
        kick = own.first?.kick ?? -1
        receiver = nil
        transmitter = nil
        kernel = nil
        control = nil
        if let controlQueue {
            let ring = try Virtqueue(controlQueue, memory: setup.memory, features: setup.features)
            control = NetControl(ring, setup, pairs: pairs, shared: shared)
        }
        if index == 0 { try NetWork.applyState(setup.features, pairs: pairs, shared: shared) }
        if pair.isKernelServed {
            kernel = try NetKernelRings(setup, own, pair: pair, shared: shared)
            return
        }
        for queue in own {
            let ring = try Virtqueue(queue, memory: setup.memory, features: setup.features)
            if queue.index & 1 == 0 {
                receiver = try NetReceiver(
                    ring, features: setup.features, memory: setup.memory, mtu: unsafe pair.port.pointee.mtu,
                    shared: shared, metrics: pair.metrics)
            } else {
                transmitter = NetTransmitter(
                    ring, features: setup.features, memory: setup.memory, shared: shared, metrics: pair.metrics)
            }
        }
    }

    /// Brings the interface to what the state says: fresh, or taken over from another host.
    private static func applyState(_ features: UInt64, pairs: [NetPair<Port>], shared: NetShared) throws(Errno) {
        let state = shared.state.withLock { $0 }
        let count = features & NetFeature.multiQueue != 0 ? Int(state.pairs) : 1
        try NetControl.applyPairs(min(max(count, 1), pairs.count), pairs, shared)
        try NetControl.applyOffloads(state, features, pairs[0], shared)
        try NetControl.applyFilter(state, pairs[0])
        // SAFETY: the pair owns its port.
        unsafe pairs[0].port.pointee.setCarrier(shared.isUp.load(ordering: .relaxed))
    }

    // MARK: QueueWork

    borrowing func watchesKicks(of queue: Int) -> Bool { !pair.isKernelServed || queue == controlIndex }

    mutating func kicked(queue: Int) {
        guard !isBroken else { return }
        showCarrier()
        if queue == controlIndex { return serveControl() }
        if pair.isKernelServed { return updateKernel() }
        if queue & 1 == 0 {
            pair.metrics.receiveKicks.add()
            receiver?.queue.disableKicks()
        } else {
            pair.metrics.sendKicks.add()
        }
        serve()
    }

    mutating func ready(token: UInt64, readiness: Readiness) {
        if token == NetWork.timerToken {
            pair.timer.drain()
        } else {
            receiver?.isReadable = true
        }
        serve()
    }

    mutating func quiesce() {
        kernel?.stop()
        guard !isBroken else { return }
        receiver?.quiesce()
        transmitter?.quiesce()
    }

    borrowing func positions() -> [QueuePosition] {
        var all: [QueuePosition] = []
        switch kernel {
        case .some(let rings): all += rings.currentPositions
        case .none: break
        }
        switch receiver {
        case .some(let half): all.append(half.queue.position)
        case .none: break
        }
        switch transmitter {
        case .some(let half): all.append(half.queue.position)
        case .none: break
        }
        switch control {
        case .some(let part): all.append(part.queue.position)
        case .none: break
        }
        return all
    }

    // MARK: Serving

    private mutating func serve() {
        guard !isBroken else { return }
        do throws(QueueError) {
            let isActive = index < shared.pairs.load(ordering: .relaxed)
            // After so many turns the worker looks at its commands: the kick below brings it back here.
            for _ in 0..<4 {
                // SAFETY: the pair owns its port.
                let mustReceive = isActive ? unsafe try receiver?.run(pair.port.pointee) ?? false : false
                let mustSend = unsafe try transmitter?.run(pair.port.pointee) ?? false
                if !mustReceive && !mustSend { return setTimer() }
            }
            if kick >= 0 { EventFD.signal(kick) }
        } catch {
            giveUp()
        }
    }

    /// Has the worker woken when the throttle lets frames through again.
    private func setTimer() {
        var receive: UInt64 = 0
        switch receiver {
        case .some(let half): receive = half.delay
        case .none: break
        }
        var send: UInt64 = 0
        switch transmitter {
        case .some(let half): send = half.delay
        case .none: break
        }
        guard receive > 0 || send > 0 else { return }
        let delay = receive > 0 && send > 0 ? min(receive, send) : max(receive, send)
        // A timer of ours with a time in range cannot be refused.
        try? pair.timer.set(nanoseconds: delay)
    }

    private mutating func showCarrier() {
        let isUp = shared.isUp.load(ordering: .relaxed)
        guard index == 0, isUp != carrier else { return }
        carrier = isUp
        // SAFETY: as in `serve`.
        unsafe pair.port.pointee.setCarrier(isUp)
    }

    private mutating func serveControl() {
        do throws(QueueError) {
            if try control?.run() == true { EventFD.signal(controlKick) }
        } catch {
            giveUp()
        }
    }

    private mutating func updateKernel() {
        do throws(Errno) { try kernel?.update() } catch { giveUp() }
    }

    private mutating func giveUp() {
        isBroken = true
        kernel?.stop()
        pair.metrics.malformed.add()
        transport.needsReset()
    }
}
