// SPDX-License-Identifier: Apache-2.0

internal import GuestMemory
internal import Linux
import Virtio

/// The worker's side of a socket device: the kernel serves the two rings of packets, from the guest's doorbell to the
/// vector's eventfd; this thread starts and stops it, and serves the queue of events.
///
/// Consequences of what a hostile driver can do: a ring that the kernel finds broken makes it say so, which asks for a
/// reset, as a broken queue of events does; a buffer that holds no event is given back empty.
@safe
struct VsockWork<Rings: VsockRings & ~Copyable>: ~Copyable, QueueWork {
    static var errorToken: UInt64 { 0 }
    private static var eventQueue: Int { 2 }
    /// VIRTIO_VSOCK_EVENT_TRANSPORT_RESET (virtio 1.2 §5.10.6.7).
    private static var transportReset: UInt32 { 0 }

    private let rings: UnsafePointer<Rings>
    private let shared: VsockShared
    private let port: any TransportPort
    private let memory: GuestMemory
    private let features: UInt64
    private let packets: [QueueSetup]
    private var positionsOfPackets: [QueuePosition]
    private var events: Virtqueue?
    private let eventKick: Int32
    private var chain: DescriptorChain
    private var isRunning = false
    private var isBroken = false

    /// Takes up the queues.
    /// - Parameter rings: stays where it is until the worker has ended.
    /// - Throws: `QueueError` when a ring cannot be used or is missing, `Errno` when the kernel names no features.
    init(_ setup: DeviceSetup, rings: UnsafePointer<Rings>, shared: VsockShared) throws {
        let packets = setup.queues.filter { $0.index < 2 }
        guard packets.count == 2 else { throw QueueError.size(0) }
        // The kernel checks that the rings are memory of this process; that they are RAM of the guest is for us to see.
        for queue in packets { _ = try Virtqueue(queue, memory: setup.memory, features: setup.features) }
        let third = setup.queues.first { $0.index == VsockWork.eventQueue }
        var events: Virtqueue?
        if let third {
            events = try Virtqueue(third, memory: setup.memory, features: setup.features)
        } else {
            events = nil
        }
        // SAFETY: the device keeps the rings at this address until its worker has ended.
        let offered = try unsafe rings.pointee.features()
        unsafe self.rings = rings
        self.shared = shared
        port = setup.port
        memory = setup.memory
        features = setup.features & offered
        self.packets = packets
        positionsOfPackets = packets.map {
            QueuePosition(queue: $0.index, nextAvailable: $0.nextAvailable, nextUsed: $0.nextUsed)
        }
        eventKick = third?.kick ?? -1
        self.events = events
        chain = DescriptorChain(capacity: Int(VsockLimits.queueSize), memory: setup.memory)
    }

    /// Tells the kernel where the rings are; nothing runs yet.
    /// - Parameter errors: the eventfd that says that a ring is broken.
    /// - Throws: `Errno` when the kernel refuses.
    func configure(errors: Int32) throws(Errno) {
        unsafe try rings.pointee.setFeatures(features)
        let regions = memory.layout.regions.map { region in
            // SAFETY: a region of the layout is RAM; only its address is taken.
            Vhost.Region(
                guestAddress: region.start.rawValue, bytes: region.count,
                hostAddress: unsafe UInt(bitPattern: memory.pointer(region.start, count: 0)))
        }
        unsafe try rings.pointee.setMemory(regions)
        if let dirty = memory.dirty { unsafe try rings.pointee.setLog(at: dirty.hostAddress) }
        for queue in packets {
            let ring = UInt32(queue.index)
            unsafe try rings.pointee.setSize(ofRing: ring, queue.size)
            unsafe try rings.pointee.setBase(ofRing: ring, queue.nextAvailable)
            unsafe try rings.pointee.setAddresses(
                ofRing: ring,
                Vhost.Ring(
                    descriptors: host(queue.descriptorTable), available: host(queue.driverArea),
                    used: host(queue.deviceArea), log: memory.dirty == nil ? nil : queue.deviceArea.rawValue))
            // A masked vector needs no word from us: its eventfd is then no irqfd, and the kernel's signals wait in it.
            unsafe try rings.pointee.setCall(ofRing: ring, queue.interrupt.raw >= 0 ? queue.interrupt.raw : nil)
            unsafe try rings.pointee.setError(ofRing: ring, errors)
            unsafe try rings.pointee.setKick(ofRing: ring, queue.kick)
        }
    }

    // `init` saw that the areas are RAM.
    private func host(_ at: GuestAddress) -> UInt { unsafe UInt(bitPattern: memory.pointer(at, count: 1)) }

    // MARK: QueueWork

    borrowing func watchesKicks(of queue: Int) -> Bool { queue == VsockWork.eventQueue }

    mutating func kicked(queue: Int) {
        guard !isBroken else { return }
        if queue == VsockWork.eventQueue {
            do throws(QueueError) { try announce() } catch { breakDown() }
        } else {
            do throws(Errno) { try run() } catch { breakDown() }
        }
    }

    mutating func ready(token: UInt64, readiness: Readiness) {
        if token == VsockWork.errorToken, !isBroken { breakDown() }
    }

    mutating func quiesce() { stop() }

    borrowing func positions() -> [QueuePosition] {
        var all = positionsOfPackets
        switch events {
        case .some(let queue): all.append(queue.position)
        case .none: break
        }
        return all
    }

    // MARK: Packets

    private mutating func run() throws(Errno) {
        guard !isRunning else { return }
        let logs = memory.dirty != nil && shared.logsWrites.load(ordering: .acquiring)
        unsafe try rings.pointee.setFeatures(features | (logs ? Vhost.logsWrites : 0))
        unsafe try rings.pointee.setVsockRunning(true)
        isRunning = true
        // A kick that came while nothing ran was taken and forgotten.
        for queue in packets where queue.kick >= 0 { EventFD.signal(queue.kick) }
    }

    /// Afterwards the kernel touches no guest memory, and the positions are exact.
    private mutating func stop() {
        guard isRunning else { return }
        isRunning = false
        // SAFETY: as in `init`. Only rings that never ran fail to stop.
        unsafe try? rings.pointee.setVsockRunning(false)
        for i in packets.indices {
            let ring = UInt32(packets[i].index)
            if let base = unsafe try? rings.pointee.base(ofRing: ring) { positionsOfPackets[i].nextAvailable = base }
            // The kernel reads its place among the used entries from the ring, and so do we.
            let at = GuestAddress(packets[i].deviceArea.rawValue &+ 2)
            if let used = try? memory.read(UInt16.self, at: at) {
                positionsOfPackets[i].nextUsed = UInt16(littleEndian: used)
            }
        }
    }

    private mutating func breakDown() {
        isBroken = true
        shared.metrics.malformed.add()
        stop()
        port.needsReset()
    }

    // MARK: Events

    /// Tells the driver of a reset as soon as it lends a buffer to say so in.
    private mutating func announce() throws(QueueError) {
        // After so many buffers that hold no event the worker looks at its commands: a kick brings it back here.
        var budget = VsockLimits.queueSize
        while events != nil, shared.owesReset.load(ordering: .acquiring) {
            if budget == 0 { return EventFD.signal(eventKick) }
            budget &-= 1
            guard try events?.next(into: &chain) ?? false else {
                if events?.enableKicks() ?? false { continue }
                return
            }
            let fits = chain.store(VsockWork.transportReset.littleEndian, at: 0)
            events?.complete(chain.token, written: fits ? 4 : 0)
            events?.flush()
            if fits {
                shared.owesReset.store(false, ordering: .releasing)
                shared.metrics.announced.add()
            } else {
                shared.metrics.malformed.add()
            }
        }
    }
}
