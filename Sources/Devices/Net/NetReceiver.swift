// SPDX-License-Identifier: Apache-2.0

import Glibc
internal import GuestMemory
internal import Linux
import Network
import Virtio

/// The receiving half of a network card: frames go from the port straight into guest memory (virtio 1.2 §5.1.6.3).
///
/// How long the next frame is shows only when it is read. So chains are taken until they hold the longest frame there can
/// be (or the driver has no more), one `readv` fills them, as many as the frame needs are completed, and the others stay
/// at hand for the next frame; `quiesce` puts them back. Behind the chains the `readv` names a spill area of our own: a
/// frame longer than all chains is then neither cut nor lost. Its rest is copied into chains as the driver brings them.
///
/// The kernel looks at every entry of a `readv`, and forty of them cost more than a short frame does. So a receiver takes
/// only what an ordinary frame needs until a longer one shows up, whose rest is copied; then it takes all that the longest
/// one needs, and after a while without long frames goes back.
///
/// Consequences: a chain without a writable byte is given back empty and counted; a frame that can never fit (without
/// mergeable buffers, or when the driver has no more chains to bring) is dropped and counted.
@safe
struct NetReceiver<Port: FramePort & ~Copyable>: ~Copyable {
    /// A chain at hand.
    private struct Held {
        var token: ChainToken
        var bytes: Int
        var vectors: Int
    }

    var queue: Virtqueue
    private var chain: DescriptorChain
    private let memory: GuestMemory
    private let metrics: NetMetrics
    private let isMergeable: Bool
    private let shared: NetShared
    /// Bytes to have at hand before a read while no long frames come.
    private let ordinary: Int
    // Frames left to expect as long ones.
    private var patience = 0
    private let spill: Mapping

    // Chains at hand: `heldCount` from `heldStart` on, and their segments, `vectorCount` from `vectorStart` on.
    private let held: UnsafeMutablePointer<Held>
    private let vectors: UnsafeMutablePointer<iovec>
    private let heldLimit: Int
    private var heldStart = 0
    private var heldCount = 0
    private var vectorStart = 0
    private var vectorCount = 0
    private var heldBytes = 0

    // A frame that has been read and waits for more chains: its length, and how much of it is not in the spill area.
    private var pendingBytes = 0
    private var pendingPlaced = 0
    private var unpublished = 0
    /// The port may have frames; set on every edge, cleared when it says it has none.
    var isReadable = true
    /// Nanoseconds until the throttle lets the next frame through; 0 when it does not hold any back.
    private(set) var delay: UInt64 = 0

    /// - Throws: `Errno` when the spill area cannot be mapped.
    init(
        _ queue: consuming Virtqueue, features: UInt64, memory: GuestMemory, mtu: UInt16?, shared: NetShared,
        metrics: NetMetrics
    ) throws(Errno) {
        let spill = try Mapping(
            count: (FrameLimits.largestBytes &+ 4096) & ~4095, protection: PROT_READ | PROT_WRITE,
            flags: MAP_PRIVATE | MAP_ANONYMOUS)
        let size = Int(queue.size)
        self.spill = spill
        self.queue = queue
        self.memory = memory
        self.metrics = metrics
        chain = DescriptorChain(capacity: min(size, NetLimits.vectors &- 1), memory: memory)
        isMergeable = features & NetFeature.mergeable != 0
        self.shared = shared
        ordinary = FrameLimits.ordinaryBytes(mtu: mtu)
        heldLimit = size
        unsafe held = .allocate(capacity: size)
        unsafe held.initialize(repeating: Held(token: .none, bytes: 0, vectors: 0), count: size)
        unsafe vectors = .allocate(capacity: NetLimits.vectors)
        unsafe vectors.initialize(repeating: iovec(), count: NetLimits.vectors)
    }

    deinit {
        unsafe held.deallocate()
        unsafe vectors.deallocate()
    }

    /// Receives until the port, the chains or the burst is used up; true when there is more to do now.
    /// - Throws: `QueueError` when the driver broke a rule.
    mutating func run(_ port: borrowing Port) throws(QueueError) -> Bool {
        var budget = NetLimits.burst
        defer { flush() }
        delay = 0
        guard shared.isUp.load(ordering: .relaxed) else { return discard(port, budget) }
        let longest = shared.longestFrame.load(ordering: .relaxed)
        while isReadable || pendingBytes > 0 {
            guard budget > 0 else { return true }
            if pendingBytes > 0 {
                guard try place() else { return false }
            } else {
                guard try gather(patience > 0 ? longest : min(longest, ordinary)) else { return false }
                if let throttle = shared.receiveThrottle {
                    delay = throttle.delay(now: Clock.monotonic)
                    if delay > 0 { return false }
                }
                guard let count = read(port) else { break }
                if count > ordinary {
                    patience = NetLimits.patience
                } else if patience > 0 {
                    patience &-= 1
                    if patience == 0 { giveBackSpare() }
                }
                if count > heldBytes {
                    pendingBytes = count
                    pendingPlaced = heldBytes
                } else {
                    deliver(count)
                }
            }
            budget &-= 1
            if unpublished >= NetLimits.completionsPerFlush { flush() }
        }
        return false
    }

    /// Takes frames off a pulled cable, so that it is not yesterday's that come when it is plugged in again.
    private mutating func discard(_ port: borrowing Port, _ budget: Int) -> Bool {
        var budget = budget
        var entry = unsafe iovec(iov_base: spill.base, iov_len: spill.count)
        while isReadable {
            guard budget > 0 else { return true }
            budget &-= 1
            do throws(Errno) {
                // SAFETY: the entry describes the spill area and lives through the call.
                let count = try unsafe withUnsafeMutablePointer(to: &entry) { (entry) throws(Errno) in
                    try unsafe port.receive(IOSpan(base: entry, count: 1))
                }
                if count != nil {
                    metrics.receiveDrops.add()
                    continue
                }
            } catch {
                metrics.receiveFailures.add()
            }
            isReadable = false
        }
        return false
    }

    /// Puts back the chains beyond what an ordinary frame needs: `readv` would carry them along for nothing.
    private mutating func giveBackSpare() {
        while heldCount > 1 {
            // SAFETY: the last chain at hand.
            let last = unsafe held[heldStart &+ heldCount &- 1]
            guard heldBytes &- last.bytes >= ordinary else { return }
            queue.putBack(last.token)
            heldCount &-= 1
            heldBytes &-= last.bytes
            vectorCount &-= last.vectors
        }
    }

    /// Puts the chains at hand back; a frame that waits for more of them is dropped.
    mutating func quiesce() {
        if pendingBytes > 0 { metrics.receiveDrops.add() }
        pendingBytes = 0
        while heldCount > 0 {
            heldCount &-= 1
            // SAFETY: `heldStart + heldCount` is the last chain at hand.
            queue.putBack(unsafe held[heldStart &+ heldCount].token)
        }
        forgetChains()
        isReadable = true
        flush()
    }

    // MARK: Chains

    /// Takes chains until `bytes` are at hand or there are no more; false when there are none at all, and then the
    /// driver has been asked to kick.
    @inline(__always)
    private mutating func gather(_ bytes: Int) throws(QueueError) -> Bool {
        while heldBytes < bytes, isMergeable || heldCount == 0 {
            if try take() { continue }
            if heldCount > 0 { return true }
            guard queue.enableKicks() else { return false }
            queue.disableKicks()
        }
        return true
    }

    /// Takes one more chain; false when there is none or no room for it.
    @inline(__always)
    private mutating func take() throws(QueueError) -> Bool {
        guard heldCount < heldLimit, try queue.next(into: &chain) else { return false }
        let count = unsafe chain.writable.count
        guard count > 0, let segments = unsafe chain.writable.baseAddress else {
            metrics.malformed.add()
            give(chain.token, 0)
            return true
        }
        // One entry is the spill area's.
        guard vectorCount &+ count < NetLimits.vectors else {
            queue.putBack(chain.token)
            return false
        }
        if heldStart &+ heldCount == heldLimit || vectorStart &+ vectorCount &+ count >= NetLimits.vectors { compact() }
        // SAFETY: after `compact` both arrays have room behind what is at hand.
        unsafe held[heldStart &+ heldCount] = Held(token: chain.token, bytes: chain.writableBytes, vectors: count)
        unsafe (vectors + (vectorStart &+ vectorCount)).update(from: segments, count: count)
        heldCount &+= 1
        vectorCount &+= count
        heldBytes &+= chain.writableBytes
        return true
    }

    private mutating func compact() {
        // SAFETY: both runs lie within their arrays; `update` allows them to overlap.
        unsafe held.update(from: held + heldStart, count: heldCount)
        unsafe vectors.update(from: vectors + vectorStart, count: vectorCount)
        heldStart = 0
        vectorStart = 0
    }

    private mutating func forgetChains() {
        heldStart = 0
        heldCount = 0
        vectorStart = 0
        vectorCount = 0
        heldBytes = 0
    }

    // MARK: Frames

    /// Reads a frame into the chains at hand and the spill area; nil when the port has none.
    @inline(__always)
    private mutating func read(_ port: borrowing Port) -> Int? {
        let end = vectorStart &+ vectorCount
        if end >= NetLimits.vectors { compact() }
        // SAFETY: `take` leaves one entry free behind the chains' own.
        unsafe vectors[vectorStart &+ vectorCount] = iovec(iov_base: spill.base, iov_len: spill.count)
        do throws(Errno) {
            let span = unsafe IOSpan(base: vectors + vectorStart, count: vectorCount &+ 1)
            if let count = try port.receive(span) { return count }
        } catch {
            // The interface is gone or detached: there will be another edge if it comes back.
            metrics.receiveFailures.add()
        }
        isReadable = false
        return nil
    }

    /// Copies the rest of a frame out of the spill area once there are chains for it; false when they must be waited for.
    private mutating func place() throws(QueueError) -> Bool {
        let isCut = pendingBytes &- pendingPlaced >= spill.count
        if isMergeable && !isCut {
            while heldBytes < pendingBytes {
                if try take() { continue }
                if heldCount == heldLimit || vectorCount &+ 1 >= NetLimits.vectors { break }
                guard queue.enableKicks() else { return false }
                queue.disableKicks()
            }
        }
        let count = pendingBytes
        pendingBytes = 0
        guard heldBytes >= count else {
            metrics.receiveDrops.add()
            return true
        }
        var span = unsafe IOSpan(base: vectors + vectorStart, count: vectorCount)
        span.consume(pendingPlaced)
        // SAFETY: less than `spill.count` bytes were read into the spill area.
        _ = unsafe span.write(UnsafeRawBufferPointer(start: spill.base, count: count &- pendingPlaced))
        deliver(count)
        return true
    }

    /// Completes as many chains as `count` bytes fill; the others stay at hand.
    @inline(__always)
    private mutating func deliver(_ count: Int) {
        guard count > NetHeader.bytes else { return metrics.receiveDrops.add() }
        var used = 0
        var left = count
        // SAFETY: the chains at hand hold at least `count` bytes, so the walk ends among them.
        while left > 0 {
            unsafe left &-= min(left, held[heldStart &+ used].bytes)
            used &+= 1
        }
        store(bufferCount: UInt16(truncatingIfNeeded: isMergeable ? used : 1))
        left = count
        for _ in 0..<used {
            let chain = unsafe held[heldStart]
            let part = min(left, chain.bytes)
            markDirty(part)
            give(chain.token, UInt32(truncatingIfNeeded: part))
            left &-= part
            heldStart &+= 1
            heldCount &-= 1
            heldBytes &-= chain.bytes
            vectorStart &+= chain.vectors
            vectorCount &-= chain.vectors
        }
        if heldCount == 0 { forgetChains() }
        metrics.framesReceived.add()
        metrics.bytesReceived.add(count &- NetHeader.bytes)
        if let throttle = shared.receiveThrottle {
            throttle.charge(bytes: count &- NetHeader.bytes, now: Clock.monotonic)
        }
    }

    /// The kernel leaves `num_buffers` alone: it is ours to fill in, wherever its two bytes lie.
    @inline(__always)
    private func store(bufferCount: UInt16) {
        var span = unsafe IOSpan(base: vectors + vectorStart, count: vectorCount)
        span.consume(NetHeader.bufferCountOffset)
        var value = bufferCount.littleEndian
        _ = unsafe withUnsafeBytes(of: &value) { unsafe span.write($0) }
    }

    @inline(__always)
    private func markDirty(_ count: Int) {
        guard let dirty = memory.dirty else { return }
        var span = unsafe IOSpan(base: vectors + vectorStart, count: vectorCount)
        var left = count
        while left > 0, span.count > 0, let base = unsafe span.first.baseAddress {
            let part = unsafe min(left, span.first.count)
            dirty.mark(unsafe memory.address(of: base), count: part)
            left &-= part
            span.consume(part)
        }
    }

    @inline(__always)
    private mutating func give(_ token: ChainToken, _ written: UInt32) {
        queue.complete(token, written: written)
        unpublished &+= 1
    }

    @inline(__always)
    private mutating func flush() {
        guard unpublished > 0 else { return }
        unpublished = 0
        if queue.flush() { metrics.receiveInterrupts.add() }
    }
}
