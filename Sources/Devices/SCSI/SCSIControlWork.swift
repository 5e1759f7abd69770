// SPDX-License-Identifier: Apache-2.0

internal import Linux
internal import Virtio

/// The worker's side of the control queue, where a driver ends requests, and of the event queue, where it hears of units.
struct SCSIControlWork: ~Copyable, QueueWork {
    private let hub: SCSIHub
    private let port: any TransportPort
    private var control: Virtqueue?
    private var events: Virtqueue?
    private var chain: DescriptorChain
    private let kicks: (control: Int32, events: Int32)

    /// Takes up whichever of the two queues the driver enabled.
    /// - Throws: `QueueError` when one cannot be used.
    init(_ setup: DeviceSetup, hub: SCSIHub) throws(QueueError) {
        self.hub = hub
        port = setup.port
        var kicks: (control: Int32, events: Int32) = (-1, -1)
        var control: Virtqueue?
        var events: Virtqueue?
        var largest = 1
        for queue in setup.queues {
            largest = max(largest, Int(queue.size))
            if queue.index == SCSI.controlQueue {
                control = try Virtqueue(queue, memory: setup.memory, features: setup.features)
                kicks.control = queue.kick
            } else if queue.index == SCSI.eventQueue {
                events = try Virtqueue(queue, memory: setup.memory, features: setup.features)
                kicks.events = queue.kick
            }
        }
        chain = DescriptorChain(capacity: largest, memory: setup.memory)
        self.kicks = kicks
        self.control = control
        self.events = events
    }

    mutating func kicked(queue index: Int) {
        do throws(QueueError) {
            if index == SCSI.controlQueue { try serveControl() } else { try deliver() }
        } catch {
            control = nil
            events = nil
            port.needsReset()
        }
    }

    mutating func ready(token: UInt64, readiness: Readiness) {}
    /// Nothing is ever in flight.
    mutating func quiesce() {}

    borrowing func positions() -> [QueuePosition] {
        var all: [QueuePosition] = []
        switch control {
        case .some(let queue): all.append(queue.position)
        case .none: break
        }
        switch events {
        case .some(let queue): all.append(queue.position)
        case .none: break
        }
        return all
    }

    // MARK: Control

    private mutating func serveControl() throws(QueueError) {
        // A few at a time, so that commands are not kept waiting: each may wait for requests in flight.
        for _ in 0..<8 {
            guard try control?.next(into: &chain) == true else {
                guard control?.enableKicks() == true else { return }
                continue
            }
            let written = answer()
            control?.complete(chain.token, written: UInt32(truncatingIfNeeded: written))
            control?.flush()
        }
        EventFD.signal(kicks.control)
    }

    /// Answers the request in `chain`; says how many bytes were written (virtio 1.2 §5.6.6.2).
    private func answer() -> Int {
        switch chain.load(UInt32.self, at: 0).map({ UInt32(littleEndian: $0) }) {
        case 0:
            let response = manage()
            return chain.store(response.rawValue, at: 0) ? 1 : 0
        // Asynchronous notifications, queried or subscribed to: there are none, and that is no error.
        case 1, 2:
            guard chain.writableBytes >= 5 else { return 0 }
            _ = chain.store(UInt32(0), at: 0)
            return chain.store(SCSIResponse.ok.rawValue, at: 4) ? 5 : 0
        default: return 0
        }
    }

    /// Task management. Requests in flight are not taken back but waited for: when the function has been answered none
    /// of the requests it is about is answered any more.
    private func manage() -> SCSIResponse {
        guard let subtype = chain.load(UInt32.self, at: 4), let a = chain.load(UInt8.self, at: 8),
            let b = chain.load(UInt8.self, at: 9), let c = chain.load(UInt8.self, at: 10),
            let d = chain.load(UInt8.self, at: 11), let id = chain.load(UInt64.self, at: 16)
        else { return .failure }
        let address = SCSIAddress(a, b, c, d)
        guard address.isTarget else { return .badTarget }
        guard let unit = address.unit, hub.exists(unit) else { return .noUnit }
        switch UInt32(littleEndian: subtype) {
        case 0: hub.cancel(unit: unit, id: UInt64(littleEndian: id), response: .aborted, resets: false)
        // ABORT TASK SET, CLEAR TASK SET.
        case 1, 3: hub.cancel(unit: unit, response: .aborted, resets: false)
        // I_T NEXUS RESET, LOGICAL UNIT RESET.
        case 4, 5: hub.cancel(unit: unit, response: .reset, resets: true)
        // QUERY TASK, QUERY TASK SET: none is left once those in flight have been waited for.
        case 6, 7: hub.cancel(unit: unit, id: UInt64.max, response: .aborted, resets: false)
        // CLEAR ACA: there is no such condition.
        default: return .rejected
        }
        return .ok
    }

    // MARK: Events

    private mutating func deliver() throws(QueueError) {
        while try events?.next(into: &chain) == true {
            guard let token = Optional(chain.token) else { return }
            guard let (event, missed) = hub.shared.nextEvent() else {
                // The buffer stays the device's until there is something to tell.
                events?.putBack(token)
                break
            }
            let bytes = event.bytes(missed: missed)
            var written = 0
            if chain.writableBytes >= bytes.count {
                written = unsafe bytes.withUnsafeBytes { unsafe chain.write($0, at: 0) }
            }
            events?.complete(token, written: UInt32(truncatingIfNeeded: written))
            events?.flush()
        }
        _ = events?.enableKicks()
    }
}
