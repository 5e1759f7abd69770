// SPDX-License-Identifier: Apache-2.0

import Glibc
internal import GuestMemory
internal import Linux
import Virtio

/// The worker's side of a balloon.
///
/// Consequences of what a hostile driver can send: pages that are no RAM are counted and left alone; buffers that do not
/// fit their queue's purpose come back unread; of a long buffer only the first 4096 pages or 64 statistics are read; a
/// ring that breaks the rules asks for a reset. Its own rings and buffers in the balloon only read as zeros.
struct BalloonWork: ~Copyable, QueueWork {
    /// What a queue is for. Linux and QEMU number only the queues of negotiated features where the specification gives each
    /// a number for good (§5.5.2); no two readings collide here because free page hints are not offered.
    enum Role {
        case inflate, deflate, statistics, reporting

        init?(queue: Int, features: UInt64) {
            let reports = features & BalloonFeature.pageReporting != 0
            switch queue {
            case 0: self = .inflate
            case 1: self = .deflate
            case 2 where features & BalloonFeature.statistics != 0: self = .statistics
            case 2...4 where reports: self = .reporting
            default: return nil
            }
        }
    }

    /// A queue and what it is for.
    private final class Line {
        let role: Role
        let kick: Int32
        var queue: Virtqueue
        var isBroken = false

        init(_ setup: QueueSetup, _ role: Role, of device: DeviceSetup) throws(QueueError) {
            queue = try Virtqueue(setup, memory: device.memory, features: device.features)
            self.role = role
            kick = setup.kick
        }
    }

    static let timerToken: UInt64 = 0
    /// Page numbers that are read from a buffer at a time, and at all: Linux and Windows send 256 or 1024.
    private static let batch = 256
    private static let mostPages = 4096
    /// Entries of a statistics buffer that are read.
    private static let mostStatistics = 64

    private let shared: BalloonShared
    private let memory: GuestMemory
    private let port: any TransportPort
    private let lines: [Line?]
    private var chain: DescriptorChain
    private var numbers: [UInt32]
    // The buffer that the driver gave for the next statistics; it goes back when they are wanted.
    private var held: ChainToken?

    /// Takes up the queues that have a purpose.
    /// - Throws: `QueueError` when one cannot be used.
    init(_ setup: DeviceSetup, shared: BalloonShared) throws(QueueError) {
        var lines = [Line?](repeating: nil, count: 5)
        var longest = 1
        for queue in setup.queues where lines.indices.contains(queue.index) {
            guard let role = Role(queue: queue.index, features: setup.features) else { continue }
            lines[queue.index] = try Line(queue, role, of: setup)
            longest = max(longest, Int(queue.size))
        }
        chain = DescriptorChain(capacity: longest, memory: setup.memory)
        numbers = Array(repeating: 0, count: BalloonWork.batch)
        self.lines = lines
        self.shared = shared
        memory = setup.memory
        port = setup.port
        held = nil
        if shared.period > 0 { try? shared.timer.set(nanoseconds: shared.period, period: shared.period) }
    }

    mutating func kicked(queue index: Int) {
        guard lines.indices.contains(index), let line = lines[index], !line.isBroken else { return }
        // One held buffer is enough: further ones wait in the ring.
        if line.role == .statistics, held != nil { return }
        var budget = Int(line.queue.size)
        line.queue.disableKicks()
        do throws(QueueError) {
            repeat {
                while budget > 0, try line.queue.next(into: &chain) {
                    budget &-= 1
                    switch line.role {
                    case .inflate: budget &-= inflate() / BalloonWork.batch
                    case .deflate: shared.metrics.deflated.add(chain.readableBytes / 4)
                    case .reporting: report()
                    case .statistics:
                        takeStatistics()
                        held = chain.token
                        line.queue.flush()
                        return
                    }
                    line.queue.complete(chain.token, written: 0)
                }
                line.queue.flush()
                // The worker looks at its commands, and this brings it back.
                if budget <= 0 { return EventFD.signal(line.kick) }
            } while line.queue.enableKicks()
        } catch {
            line.isBroken = true
            line.queue.flush()
            port.needsReset()
        }
    }

    mutating func ready(token: UInt64, readiness: Readiness) {
        guard token == BalloonWork.timerToken, shared.timer.drain() > 0 else { return }
        askForStatistics()
    }

    mutating func quiesce() {
        for line in lines {
            guard let line else { continue }
            if line.role == .statistics, let token = held {
                line.queue.putBack(token)
                held = nil
            }
            line.queue.flush()
        }
    }

    borrowing func positions() -> [QueuePosition] { lines.compactMap { $0?.queue.position } }

    // MARK: Pages

    /// Gives the pages whose numbers the buffer holds back to the host (§5.5.6.1), runs of rising ones by one call.
    ///
    /// Says how many numbers there were.
    private mutating func inflate() -> Int {
        var offset = 0
        var run: (first: UInt64, count: UInt64)?
        while true {
            // SAFETY: the array's bytes bound the copy.
            let bytes = unsafe numbers.withUnsafeMutableBytes { unsafe chain.read(at: offset, into: $0) }
            offset &+= bytes
            for i in 0..<bytes / 4 {
                let page = UInt64(UInt32(littleEndian: numbers[i]))
                if let r = run, page == r.first &+ r.count {
                    run = (r.first, r.count &+ 1)
                    continue
                }
                if let run { discard(run.first, run.count) }
                run = (page, 1)
            }
            if bytes < 4 * numbers.count || offset >= 4 * BalloonWork.mostPages { break }
        }
        if let run { discard(run.first, run.count) }
        return offset / 4
    }

    // `first` has 32 bits and `count` is at most `mostPages`: no sum overflows.
    private func discard(_ first: UInt64, _ count: UInt64) {
        let page = UInt64(GuestMemory.pageBytes)
        let at = GuestAddress(first &* page)
        guard memory.contains(at, count: Int(count &* page)) else {
            // A run that leaves RAM is taken apart: only the pages outside are at fault.
            if count > 1 {
                discard(first, count / 2)
                discard(first &+ count / 2, count &- count / 2)
            } else {
                shared.metrics.refusals.add()
            }
            return
        }
        shared.metrics.inflated.add(Int(count))
        giveBack(at, Int(count &* page))
    }

    /// Gives back the memory that the writable segments name (§5.5.6.7), as far as it is whole pages.
    private func report() {
        let mask = UInt64(GuestMemory.pageBytes - 1)
        for i in unsafe 0..<chain.writable.count {
            // SAFETY: a chain's segments are RAM, so their addresses come from this memory.
            guard let base = unsafe chain.writable[i].iov_base else { continue }
            let start = unsafe memory.address(of: base).rawValue
            let end = start &+ UInt64(unsafe chain.writable[i].iov_len)
            let first = (start &+ mask) & ~mask, last = end & ~mask
            guard first < last else {
                shared.metrics.refusals.add()
                continue
            }
            shared.metrics.reportedBytes.add(Int(last &- first))
            giveBack(GuestAddress(first), Int(last &- first))
        }
    }

    private func giveBack(_ at: GuestAddress, _ count: Int) {
        guard shared.discards else { return }
        do throws(Errno) {
            try memory.discard(at: at, count: count)
            shared.metrics.discardedBytes.add(count)
        } catch {
            shared.metrics.refusals.add()
        }
    }

    // MARK: Statistics

    /// Reads tags of 16 bits with values of 64 (§5.5.6.4); tags that are not known are passed over.
    private func takeStatistics() {
        guard chain.readableBytes >= 10 else { return }
        var told = BalloonStatistics()
        for i in 0..<min(chain.readableBytes / 10, BalloonWork.mostStatistics) {
            guard let tag = chain.load(UInt16.self, at: 10 * i), let value = chain.load(UInt64.self, at: 10 * i + 2)
            else { break }
            guard let known = BalloonStatistics.Tag(rawValue: UInt16(littleEndian: tag)) else { continue }
            told[known] = UInt64(littleEndian: value)
        }
        shared.statistics.withLock { $0 = told }
        shared.metrics.statistics.add()
    }

    /// Gives the buffer back: the driver answers with new numbers.
    private mutating func askForStatistics() {
        guard let token = held, let line = lines[2] else { return }
        held = nil
        line.queue.complete(token, written: 0)
        line.queue.flush()
        kicked(queue: 2)
    }
}
