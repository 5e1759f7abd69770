// SPDX-License-Identifier: Apache-2.0

import Linux
import TestSupport
import Virtio

/// Answers each chain with its readable bytes, each one plus one; stops for good at the first broken rule.
struct EchoWork: QueueWork, ~Copyable {
    private var queue: Virtqueue
    private var chain: DescriptorChain
    private let port: any TransportPort
    private let kick: Int32
    private var isBroken = false

    init(_ setup: DeviceSetup, queue index: Int = 0) throws {
        guard let first = setup.queues.first(where: { $0.index == index }) else { throw Missing() }
        queue = try Virtqueue(first, memory: setup.memory, features: setup.features)
        chain = DescriptorChain(capacity: Int(first.size), memory: setup.memory)
        port = setup.port
        kick = first.kick
    }

    struct Missing: Error {}

    mutating func kicked(queue index: Int) {
        guard !isBroken else { return }
        do throws(QueueError) {
            queue.disableKicks()
            for _ in 0..<queue.size {
                guard try queue.next(into: &chain) else { break }
                let count = min(chain.readableBytes, chain.writableBytes)
                for i in 0..<count {
                    guard let byte = chain.load(UInt8.self, at: i) else { break }
                    chain.store(byte &+ 1, at: i)
                }
                queue.complete(chain.token, written: UInt32(count))
                queue.flush()
            }
            // Whoever has more to do kicks itself, so that commands to the worker come in between.
            if queue.enableKicks() { EventFD.signal(kick) }
        } catch {
            isBroken = true
            port.needsReset()
        }
    }

    mutating func ready(token: UInt64, readiness: Readiness) {}

    mutating func quiesce() {}

    borrowing func positions() -> [QueuePosition] { [queue.position] }
}
