// SPDX-License-Identifier: Apache-2.0

import Glibc
internal import GuestMemory
internal import Linux
import Network
import Virtio

/// The sending half of a network card: one frame a chain, straight from guest memory by `writev` (virtio 1.2 §5.1.6.2).
///
/// Only the header is copied: it is judged, and the kernel must see what was judged. Consequences of what a hostile
/// driver can send: a frame shorter than an Ethernet header, longer than 64 KiB of segments allow, or with a header that
/// asks for what was not negotiated is dropped and counted; its chain goes back like any other.
@safe
struct NetTransmitter<Port: FramePort & ~Copyable>: ~Copyable {
    var queue: Virtqueue
    private var chain: DescriptorChain
    private var vector: IOVector
    private let header: UnsafeMutablePointer<NetHeader>
    private let features: UInt64
    private let shared: NetShared
    private let metrics: NetMetrics
    /// Nanoseconds until the throttle lets the next frame through; 0 when it does not hold any back.
    private(set) var delay: UInt64 = 0
    // The port would not take the frame in `chain` yet.
    private var isWaiting = false

    init(
        _ queue: consuming Virtqueue, features: UInt64, memory: GuestMemory, shared: NetShared, metrics: NetMetrics
    ) {
        let segments = Int(queue.size)
        self.queue = queue
        chain = DescriptorChain(capacity: segments, memory: memory)
        vector = IOVector(capacity: min(segments &+ 1, NetLimits.vectors))
        unsafe header = .allocate(capacity: 1)
        unsafe header.initialize(to: NetHeader())
        self.features = features
        self.shared = shared
        self.metrics = metrics
    }

    deinit { unsafe header.deallocate() }

    /// Sends until the queue or the burst is used up or the port is full; true when there is more to do now.
    /// - Throws: `QueueError` when the driver broke a rule.
    mutating func run(_ port: borrowing Port) throws(QueueError) -> Bool {
        var budget = NetLimits.burst
        var unpublished = 0
        defer { if unpublished > 0 { flush() } }
        queue.disableKicks()
        delay = 0
        let isUp = shared.isUp.load(ordering: .relaxed)
        while true {
            while budget > 0 {
                if let throttle = shared.transmitThrottle {
                    delay = throttle.delay(now: Clock.monotonic)
                    if delay > 0 { return false }
                }
                if !isWaiting {
                    guard try queue.next(into: &chain) else { break }
                }
                if isUp {
                    isWaiting = !send(port)
                } else {
                    // A pulled cable.
                    isWaiting = false
                    metrics.sendDrops.add()
                }
                // The port will say when it has room; until then more frames are no use.
                if isWaiting { return false }
                queue.complete(chain.token, written: 0)
                budget &-= 1
                unpublished &+= 1
                if unpublished >= NetLimits.completionsPerFlush {
                    flush()
                    unpublished = 0
                }
            }
            if budget == 0 { return true }
            guard queue.enableKicks() else { return false }
        }
    }

    /// Gives back what could not be sent.
    mutating func quiesce() {
        if isWaiting { queue.putBack(chain.token) }
        isWaiting = false
        flush()
    }

    @inline(__always)
    private mutating func flush() {
        if queue.flush() { metrics.sendInterrupts.add() }
    }

    /// False when the port has no room now; otherwise the frame is sent or dropped.
    @inline(__always)
    private mutating func send(_ port: borrowing Port) -> Bool {
        let count = chain.readableBytes
        guard count >= FrameLimits.headerBytes &+ FrameLimits.ethernetBytes, count <= FrameLimits.largestBytes,
            let header = chain.load(NetHeader.self, at: 0)?.sanitized(features: features)
        else {
            metrics.malformedFrames.add()
            return true
        }
        unsafe self.header.pointee = header
        vector.removeAll()
        // SAFETY: the header's memory lives as long as the transmitter.
        let bytes = unsafe UnsafeMutableRawBufferPointer(start: self.header, count: NetHeader.bytes)
        let frameBytes = count &- NetHeader.bytes
        guard unsafe vector.append(bytes),
            unsafe vector.append(chain.readable, from: NetHeader.bytes, count: frameBytes)
        else {
            metrics.malformedFrames.add()
            return true
        }
        do throws(Errno) {
            // SAFETY: the vector keeps its entries during the call.
            guard try unsafe port.send(IOSpan(base: vector.pointer, count: vector.count)) != nil else { return false }
            metrics.framesSent.add()
            metrics.bytesSent.add(frameBytes)
            if let throttle = shared.transmitThrottle { throttle.charge(bytes: frameBytes, now: Clock.monotonic) }
        } catch {
            // EINVAL: the kernel found the header wrong. EIO: the interface is down. Either way the frame is lost.
            metrics.sendDrops.add()
        }
        return true
    }
}
