// SPDX-License-Identifier: Apache-2.0

internal import GuestMemory
internal import Linux
import Network
import Virtio

/// The control queue of a card (virtio 1.2 §5.1.6.5), served by the first pair's worker.
///
/// Consequences of what a hostile driver can send: a command that is too short, too long, unknown, not negotiated or out
/// of range is answered with VIRTIO_NET_ERR and changes nothing; one without a byte to answer in goes back as it came.
struct NetControl<Port: FramePort & ~Copyable>: ~Copyable {
    var queue: Virtqueue
    private var chain: DescriptorChain
    private let command: NetCommand
    private let features: UInt64
    private let pairs: [NetPair<Port>]
    private let shared: NetShared
    private let metrics: NetMetrics

    init(_ queue: consuming Virtqueue, _ setup: DeviceSetup, pairs: [NetPair<Port>], shared: NetShared) {
        chain = DescriptorChain(capacity: Int(queue.size), memory: setup.memory)
        self.queue = queue
        features = setup.features
        command = NetCommand(features: setup.features, pairs: pairs.count)
        self.pairs = pairs
        self.shared = shared
        metrics = pairs[0].metrics
    }

    /// Which queue it is: behind the pairs' own, as many as there are where the driver knows of more than one.
    static func index(features: UInt64, pairs: Int) -> Int? {
        guard features & NetFeature.control != 0 else { return nil }
        return features & NetFeature.multiQueue != 0 ? 2 * pairs : 2
    }

    /// Answers what is there, a queue's length at most; true when there may be more.
    /// - Throws: `QueueError` when the driver broke a rule.
    mutating func run() throws(QueueError) -> Bool {
        defer { queue.flush() }
        for _ in 0..<queue.size {
            while try !queue.next(into: &chain) {
                guard queue.enableKicks() else { return false }
            }
            guard chain.writableBytes > 0 else {
                metrics.malformed.add()
                queue.complete(chain.token, written: 0)
                continue
            }
            let isDone = answer()
            chain.store(UInt8(isDone ? 0 : 1), at: 0)
            queue.complete(chain.token, written: 1)
        }
        return true
    }

    private func answer() -> Bool {
        guard chain.readableBytes <= NetLimits.commandBytes else { return false }
        var bytes = [UInt8](repeating: 0, count: chain.readableBytes)
        _ = unsafe bytes.withUnsafeMutableBytes { unsafe chain.read(at: 0, into: $0) }
        let before = shared.state.withLock { $0 }
        var state = before
        guard let effects = command.apply(bytes, to: &state) else { return false }
        do throws(Errno) {
            if effects.contains(.pairs) { try NetControl.applyPairs(Int(state.pairs), pairs, shared) }
            if effects.contains(.offloads) { try NetControl.applyOffloads(state, features, pairs[0], shared) }
            if effects.contains(.filter) { try NetControl.applyFilter(state, pairs[0]) }
        } catch {
            return false
        }
        shared.state.withLock { now in
            // The cable is not the driver's, and an announcement may have been asked for meanwhile.
            state.isUp = now.isUp
            if state.announces == before.announces { state.announces = now.announces }
            now = state
        }
        return true
    }

    /// Attaches the queues of the pairs in use to the interface and detaches the others, which get no frames then.
    static func applyPairs(_ count: Int, _ pairs: [NetPair<Port>], _ shared: NetShared) throws(Errno) {
        for (index, pair) in pairs.enumerated() {
            // SAFETY: the pair owns its port.
            try unsafe pair.port.pointee.setAttached(index < count)
        }
        shared.pairs.store(count, ordering: .releasing)
    }

    /// Tells the interface what its readers take, and the receivers how long a frame may get.
    static func applyOffloads(
        _ state: NetState, _ features: UInt64, _ first: NetPair<Port>, _ shared: NetShared
    ) throws(Errno) {
        var taken = features
        if let chosen = state.offloads { taken &= chosen | ~NetFeature.guestOffloads }
        let offloads = NetFeature.offloads(of: taken)
        // SAFETY: as above.
        try unsafe first.port.pointee.setOffloads(offloads)
        let mtu = unsafe first.port.pointee.mtu
        let takesSegments = !offloads.subtracting(.checksum).isEmpty
        let longest = takesSegments ? FrameLimits.largestBytes : FrameLimits.ordinaryBytes(mtu: mtu)
        shared.longestFrame.store(longest, ordering: .releasing)
    }

    static func applyFilter(_ state: NetState, _ first: NetPair<Port>) throws(Errno) {
        // SAFETY: as above.
        try unsafe first.port.pointee.setFilter(state.receiving.filter(mac: state.mac))
    }
}
