// SPDX-License-Identifier: Apache-2.0

internal import GuestMemory
internal import Linux
import Network
import Virtio

/// A pair of queues that the kernel's vhost-net serves: kicks go from the guest's doorbell to the kernel and interrupts
/// from the kernel to the vector's eventfd, both without this process.
///
/// A masked vector needs no word from us: its eventfd is then no irqfd, and vhost's signals wait in it.
struct NetKernelRings<Port: FramePort & ~Copyable>: ~Copyable {
    private let pair: NetPair<Port>
    private let shared: NetShared
    private let memory: GuestMemory
    private let queues: [QueueSetup]
    private let features: UInt64
    private let logs: Bool
    private var isRunning = false
    private var logsNow = false
    private var positions: [QueuePosition]

    /// Tells the kernel of the rings; nothing runs yet.
    /// - Throws: `QueueError` when a ring cannot be used, `Errno` when the kernel refuses.
    init(_ setup: DeviceSetup, _ queues: [QueueSetup], pair: NetPair<Port>, shared: NetShared) throws {
        self.pair = pair
        self.shared = shared
        self.queues = queues
        memory = setup.memory
        features = setup.features & (Feature.reserved | NetFeature.mergeable) & pair.vhostFeatures
        logs = setup.memory.dirty != nil
        positions = queues.map {
            QueuePosition(queue: $0.index, nextAvailable: $0.nextAvailable, nextUsed: $0.nextUsed)
        }
        for queue in queues { _ = try Virtqueue(queue, memory: setup.memory, features: setup.features) }
        try configure()
    }

    private func configure() throws(Errno) {
        switch pair.vhost {
        case .none: throw Errno(code: 19, call: "vhost")
        case .some(let vhost):
            try vhost.setFeatures(features)
            try vhost.setMemory(
                memory.layout.regions.map { region in
                    // SAFETY: a region of the layout is RAM; only its address is taken.
                    let host = unsafe UInt(bitPattern: memory.pointer(region.start, count: 0))
                    return Vhost.Region(guestAddress: region.start.rawValue, bytes: region.count, hostAddress: host)
                })
            if let dirty = memory.dirty { try vhost.setLog(at: dirty.hostAddress) }
            for queue in queues {
                let ring = UInt32(queue.index & 1)
                try vhost.setSize(ofRing: ring, queue.size)
                try vhost.setBase(ofRing: ring, queue.nextAvailable)
                try vhost.setAddresses(
                    ofRing: ring,
                    Vhost.Ring(
                        descriptors: host(queue.descriptorTable), available: host(queue.driverArea),
                        used: host(queue.deviceArea), log: logs ? queue.deviceArea.rawValue : nil))
                try vhost.setCall(ofRing: ring, queue.interrupt.raw >= 0 ? queue.interrupt.raw : nil)
                try vhost.setKick(ofRing: ring, queue.kick)
            }
        }
    }

    // The areas were checked to be RAM.
    private func host(_ at: GuestAddress) -> UInt { unsafe UInt(bitPattern: memory.pointer(at, count: 1)) }

    /// Runs the rings when the cable is plugged in, stops them when it is not, and logs writes or not as was asked.
    mutating func update() throws(Errno) {
        let wantsLog = logs && shared.logsWrites.load(ordering: .acquiring)
        if wantsLog != logsNow {
            try setFeatures(features | (wantsLog ? Vhost.logsWrites : 0))
            logsNow = wantsLog
        }
        let isWanted = shared.isUp.load(ordering: .relaxed)
        if !isWanted { return stop() }
        guard !isRunning else { return }
        isRunning = true
        // SAFETY: the pair owns its port.
        let tap = unsafe pair.port.pointee.raw
        for queue in queues {
            try setBackend(queue, tap)
            // A kick that came while nothing ran was taken and forgotten.
            EventFD.signal(queue.kick)
        }
    }

    /// Stops the rings: afterwards the kernel touches no guest memory, and `currentPositions` is exact.
    mutating func stop() {
        guard isRunning else { return }
        isRunning = false
        // Only a ring that was never set up fails to stop.
        for queue in queues { try? setBackend(queue, nil) }
        for i in positions.indices {
            if let base = base(queues[i]) { positions[i].nextAvailable = base }
            let index = GuestAddress(queues[i].deviceArea.rawValue &+ 2)
            if let used = try? memory.read(UInt16.self, at: index) {
                positions[i].nextUsed = UInt16(littleEndian: used)
            }
        }
    }

    /// How far the kernel has got; exact after `stop`.
    var currentPositions: [QueuePosition] { positions }

    private func setFeatures(_ features: UInt64) throws(Errno) {
        switch pair.vhost {
        case .some(let vhost): try vhost.setFeatures(features)
        case .none: break
        }
    }

    private func setBackend(_ queue: QueueSetup, _ tap: Int32?) throws(Errno) {
        switch pair.vhost {
        case .some(let vhost): try vhost.setNetBackend(ofRing: UInt32(queue.index & 1), tap)
        case .none: break
        }
    }

    private func base(_ queue: QueueSetup) -> UInt16? {
        switch pair.vhost {
        case .some(let vhost): try? vhost.base(ofRing: UInt32(queue.index & 1))
        case .none: nil
        }
    }
}
