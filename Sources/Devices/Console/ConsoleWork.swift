// SPDX-License-Identifier: Apache-2.0

import Glibc
internal import Linux
import Virtio

/// The worker's side of a console.
///
/// Consequences of what a hostile driver can send: messages about ports or events that do not exist are ignored; buffers
/// without room come back empty; messages repeated without end are answered once for all that came before the driver
/// gave room for the answer; a ring that breaks the rules is left alone and asks for a reset.
struct ConsoleWork: ~Copyable, QueueWork {
    /// A queue that is used until it breaks.
    final class Lane {
        var queue: Virtqueue
        let kick: Int32
        var isBroken = false

        init(_ setup: QueueSetup, of device: DeviceSetup) throws(QueueError) {
            queue = try Virtqueue(setup, memory: device.memory, features: device.features)
            kick = setup.kick
        }
    }

    /// Bytes of a buffer of the guest's that one look takes to a hub: what is before them is gone from its ring at once.
    private static let mostToHub = ConsoleRing.capacity

    private let ports: [ConsolePort?]
    private let lanes: [Lane?]
    private let isMultiport: Bool
    private let events: EventSet
    private let port: any TransportPort
    private let onChange: @Sendable () -> Void
    private var chain: DescriptorChain

    /// Takes up the queues and watches what the ports lead to.
    /// - Throws: `QueueError` when a queue cannot be used, `Errno` when a descriptor cannot be watched.
    init(
        _ setup: DeviceSetup, ports: [ConsolePort?], events: EventSet, onChange: @escaping @Sendable () -> Void
    ) throws {
        var lanes = [Lane?](repeating: nil, count: 2 * ports.count + 2)
        var longest = 1
        for queue in setup.queues where lanes.indices.contains(queue.index) {
            lanes[queue.index] = try Lane(queue, of: setup)
            longest = max(longest, Int(queue.size))
        }
        for (number, port) in ports.enumerated() {
            guard let port else { continue }
            // What events said before belongs to a worker's set that is no more.
            port.canRead = true
            port.canWrite = true
            let token = ConsoleWork.token(number, port)
            if let raw = port.streamRaw { try events.add(raw, ConsoleWork.interest, token: token) }
            if let input = port.input { try events.add(input.arrived.raw, [.readable, .edge], token: token) }
            if let raw = port.listenerRaw {
                try events.add(raw, [.readable, .edge], token: ConsoleWork.listenerToken | UInt64(number))
            }
        }
        chain = DescriptorChain(capacity: longest, memory: setup.memory)
        isMultiport = setup.features & ConsoleFeature.multiport != 0
        self.lanes = lanes
        self.ports = ports
        self.events = events
        self.onChange = onChange
        port = setup.port
    }

    // Changes only: a side that cannot do anything about a readiness must not be woken by it for ever.
    private static let interest: Readiness = [.readable, .writable, .peerClosed, .edge]
    private static let mayRead: Readiness = [.readable, .peerClosed, .closed, .failed]
    private static let mayWrite: Readiness = [.writable, .closed, .failed]
    private static let isGone: Readiness = [.closed, .failed]

    private static let listenerToken: UInt64 = 1 << 62

    private static func token(_ number: Int, _ port: ConsolePort) -> UInt64 {
        (port.connection & 0xFFFF_FFFF) << 16 | UInt64(number)
    }

    mutating func kicked(queue index: Int) {
        switch index {
        case 2 where isMultiport: tellNews()
        case 3 where isMultiport: hear()
        case 2, 3: return
        default:
            let number = index < 2 ? 0 : (index - 2) / 2
            // After a start this is the first look at what the port leads to.
            take(number)
            if index & 1 == 0 { fill(number) } else { drain(number) }
        }
    }

    mutating func ready(token: UInt64, readiness: Readiness) {
        let number = Int(token & 0xFFFF)
        guard ports.indices.contains(number), let port = ports[number] else { return }
        if token & ConsoleWork.listenerToken != 0 { return take(number) }
        guard token == ConsoleWork.token(number, port) else { return }
        if !readiness.isDisjoint(with: ConsoleWork.mayRead) { port.canRead = true }
        if !readiness.isDisjoint(with: ConsoleWork.mayWrite) { port.canWrite = true }
        if !readiness.isDisjoint(with: ConsoleWork.isGone) { port.isPeerGone = true }
        drain(number)
        fill(number)
        // A guest that does not read cannot find the end of the stream.
        if port.isPeerGone, !isOpen(port) { hangUp(number) }
    }

    mutating func quiesce() { for lane in lanes { lane?.queue.flush() } }

    borrowing func positions() -> [QueuePosition] { lanes.compactMap { $0?.queue.position } }

    private func isOpen(_ port: ConsolePort) -> Bool { !isMultiport || port.state.isGuestOpen }

    // MARK: Connections

    private mutating func take(_ number: Int) {
        guard ports.indices.contains(number), let port = ports[number], port.accept() else { return }
        watch(number)
    }

    private mutating func watch(_ number: Int) {
        guard let port = ports[number], let raw = port.streamRaw else { return }
        // What it is ready for is told at once.
        do throws(Errno) {
            try events.add(raw, ConsoleWork.interest, token: ConsoleWork.token(number, port))
        } catch {
            port.hangUp()
        }
        tellNews()
    }

    private mutating func hangUp(_ number: Int) {
        guard let port = ports[number], let raw = port.streamRaw else { return }
        events.remove(raw)
        port.hangUp()
        // What the guest has sent until now was meant for the one who left.
        drain(number)
        if port.accept() { watch(number) } else { tellNews() }
    }

    // MARK: Bytes

    /// Takes a lane's chains while `goesOn`; `use` says how many bytes it has written into the one in `chain`, or nil to
    /// have it stay in the queue, which ends the round.
    private mutating func serve(
        _ lane: Lane, while goesOn: (borrowing ConsoleWork) -> Bool, _ use: (inout ConsoleWork) -> Int?
    ) {
        var budget = Int(lane.queue.size)
        lane.queue.disableKicks()
        do throws(QueueError) {
            repeat {
                while budget > 0, goesOn(self), try lane.queue.next(into: &chain) {
                    budget &-= 1
                    let token = chain.token
                    guard let written = use(&self) else {
                        lane.queue.putBack(token)
                        lane.queue.flush()
                        return
                    }
                    lane.queue.complete(token, written: UInt32(truncatingIfNeeded: written))
                }
                lane.queue.flush()
                if !goesOn(self) { return }
                // The worker looks at its commands, and this brings it back.
                if budget <= 0 { return EventFD.signal(lane.kick) }
            } while lane.queue.enableKicks()
        } catch {
            lane.isBroken = true
            lane.queue.flush()
            port.needsReset()
        }
    }

    private func lane(_ index: Int) -> Lane? {
        guard let lane = lanes[index], !lane.isBroken else { return nil }
        return lane
    }

    /// Moves what the guest sent to the host. What the host does not take stays in the queue.
    private mutating func drain(_ number: Int) {
        guard ports.indices.contains(number), let port = ports[number],
            let lane = lane(number == 0 ? 1 : 2 * number + 3)
        else { return }
        serve(lane, while: { _ in port.canWrite || !port.isHostOpen }) { $0.pass(to: port) ? 0 : nil }
    }

    /// Sends the chain's bytes from where the last attempt ended; false when the host takes no more now.
    private func pass(to port: ConsolePort) -> Bool {
        var skip = Int(port.state.sent)
        if port.hub != nil { skip = max(skip, chain.readableBytes - ConsoleWork.mostToHub) }
        var done = 0
        for i in unsafe 0..<chain.readable.count {
            let segment = unsafe chain.readable[i]
            let length = unsafe segment.iov_len
            var at = min(max(skip - done, 0), length)
            while at < length {
                // SAFETY: the segment is RAM; `at` is within it.
                let rest = unsafe UnsafeRawBufferPointer(start: segment.iov_base, count: length)
                guard let count = unsafe port.send(UnsafeRawBufferPointer(rebasing: rest[at...])) else {
                    port.state.sent = UInt32(truncatingIfNeeded: done + at)
                    return false
                }
                at += count
            }
            done += length
        }
        port.state.sent = 0
        return true
    }

    /// Moves what the host sent into the guest's buffers. What does not fit, or nobody in the guest wants, stays where
    /// it is.
    private mutating func fill(_ number: Int) {
        guard ports.indices.contains(number), let port = ports[number], isOpen(port), port.canRead,
            let lane = lane(number == 0 ? 0 : 2 * number + 2)
        else { return }
        var isAtEnd = false
        serve(lane, while: { _ in port.canRead }) { work in
            switch work.receive(from: port) {
            case .bytes(let count): return count
            case .nothing: return nil
            case .end:
                isAtEnd = true
                return nil
            }
        }
        if isAtEnd { hangUp(number) }
    }

    private func receive(from port: ConsolePort) -> ConsolePort.Received {
        var done = 0
        for i in unsafe 0..<chain.writable.count {
            let segment = unsafe chain.writable[i]
            let length = unsafe segment.iov_len
            // SAFETY: the segment is RAM.
            let buffer = unsafe UnsafeMutableRawBufferPointer(start: segment.iov_base, count: length)
            guard case .bytes(let count) = unsafe port.receive(into: buffer) else {
                // An end that follows bytes is found again by the next read.
                if done == 0 { return port.canRead ? .end : .nothing }
                break
            }
            done += count
            if count < length { break }
        }
        chain.markWritten(count: done)
        return .bytes(done)
    }

    // MARK: Control

    /// Reads what the driver says (§5.3.6.2).
    private mutating func hear() {
        guard let lane = lane(3) else { return }
        serve(lane, while: { _ in true }) { work in
            if let word = work.chain.load(UInt64.self, at: 0) { work.heard(UInt64(littleEndian: word)) }
            return 0
        }
        tellNews()
    }

    private mutating func heard(_ word: UInt64) {
        let id = Int(UInt32(truncatingIfNeeded: word)), value = UInt16(truncatingIfNeeded: word >> 48)
        guard let event = PortMessage.Event(rawValue: UInt16(truncatingIfNeeded: word >> 32)) else { return }
        if event == .deviceReady {
            // The driver found the device; zero says that it cannot use it.
            if value != 0 { for port in ports { port?.state.news |= ConsolePort.added } }
            return
        }
        guard ports.indices.contains(id), let port = ports[id] else { return }
        switch event {
        case .portReady:
            port.state.isReady = value != 0
            guard value != 0 else { return }
            port.state.news |= ConsolePort.named | (port.hub != nil ? ConsolePort.terminal : 0)
            port.state.isToldOpen = false
        case .portOpen:
            guard port.state.isGuestOpen != (value != 0) else { return }
            port.setGuestOpen(value != 0)
            onChange()
            if value != 0 { fill(id) } else if port.isPeerGone { hangUp(id) }
        default: return
        }
    }

    private var hasNews: Bool { ports.contains { $0?.news != nil } }

    /// Tells the driver what it does not know yet, as far as it has given room for it.
    private mutating func tellNews() {
        guard isMultiport, hasNews, let lane = lane(2) else { return }
        serve(lane, while: { $0.hasNews }) { $0.tell() }
    }

    /// Writes the next message into the chain, a name as far as it fits; says how many bytes. One that does not fit waits
    /// for the next buffer.
    private func tell() -> Int {
        guard chain.writableBytes >= PortMessage.count else { return 0 }
        for (number, port) in ports.enumerated() {
            guard let port, let news = port.news else { continue }
            chain.store(PortMessage(news.event, port: UInt32(number), value: news.value).word, at: 0)
            var count = PortMessage.count
            if news.event == .portName {
                let name = Array(port.name.utf8)
                // SAFETY: `write` stays within both.
                count += unsafe name.withUnsafeBytes { unsafe chain.write($0, at: PortMessage.count) }
            }
            port.told(news.event, news.value)
            return count
        }
        return 0
    }
}
