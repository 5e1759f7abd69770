// SPDX-License-Identifier: Apache-2.0

import Glibc
internal import GuestMemory
internal import Linux
import Virtio

/// The worker's side of the entropy device: fills what the driver offers (virtio 1.2 §5.4.6).
///
/// Consequences of what a hostile driver can send: readable descriptors are ignored, a chain without a writable byte is
/// given back empty, and of a long one only the first 64 KiB are filled.
@safe
struct RNGWork: ~Copyable, QueueWork {
    /// Most bytes one request gets.
    static let limit = 64 << 10

    private let source: UnsafePointer<EntropySource>
    private let port: any TransportPort
    private let bytes: RNGMetrics
    private let kick: Int32
    private var queue: Virtqueue
    private var chain: DescriptorChain
    private var isBroken = false

    /// Takes up the only queue.
    /// - Throws: `QueueError` when it cannot be used.
    init(
        _ setup: QueueSetup, of device: DeviceSetup, source: UnsafePointer<EntropySource>, metrics: RNGMetrics
    ) throws(QueueError) {
        let queue = try Virtqueue(setup, memory: device.memory, features: device.features)
        chain = DescriptorChain(capacity: Int(queue.size), memory: device.memory)
        self.queue = queue
        unsafe self.source = source
        port = device.port
        kick = setup.kick
        bytes = metrics
    }

    mutating func kicked(queue index: Int) {
        guard !isBroken else { return }
        var budget = Int(queue.size)
        queue.disableKicks()
        do throws(QueueError) {
            repeat {
                while budget > 0, try queue.next(into: &chain) {
                    budget &-= 1
                    queue.complete(chain.token, written: UInt32(truncatingIfNeeded: fill()))
                }
                queue.flush()
                // The worker looks at its commands, and this brings it back.
                if budget == 0 { return EventFD.signal(kick) }
            } while queue.enableKicks()
        } catch {
            isBroken = true
            queue.flush()
            port.needsReset()
        }
    }

    mutating func ready(token: UInt64, readiness: Readiness) {}

    mutating func quiesce() { queue.flush() }

    borrowing func positions() -> [QueuePosition] { [queue.position] }

    private func fill() -> Int {
        var done = 0
        for i in unsafe 0..<chain.writable.count {
            let segment = unsafe chain.writable[i]
            let part = unsafe min(segment.iov_len, RNGWork.limit &- done)
            guard part > 0 else { break }
            // SAFETY: the segment is RAM; the source belongs to this thread while the work lives.
            let buffer = unsafe UnsafeMutableRawBufferPointer(start: segment.iov_base, count: part)
            do throws(Errno) { unsafe try source.pointee.fill(buffer) } catch { break }
            done &+= part
        }
        chain.markWritten(count: done)
        bytes.add(done)
        return done
    }
}
