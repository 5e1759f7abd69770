// SPDX-License-Identifier: Apache-2.0

import Glibc
import GuestMemory
import Linux
import PCI
import Synchronization
import TestSupport
import Testing
import Virtio

/// Notes what happens to it.
private struct NotingWork: QueueWork, ~Copyable {
    let log: Log

    mutating func kicked(queue: Int) { log.add("kick \(queue)") }
    mutating func ready(token: UInt64, readiness: Readiness) { log.add("ready \(token)") }
    mutating func quiesce() { log.add("quiesce") }
    borrowing func positions() -> [QueuePosition] { [QueuePosition(queue: 5, nextAvailable: 1, nextUsed: 2)] }
    deinit { log.add("drop") }
}

private final class Log: Sendable {
    private let lines = Mutex<[String]>([])
    func add(_ line: String) { lines.withLock { $0.append(line) } }
    func take() -> [String] {
        lines.withLock { lines in
            defer { lines = [] }
            return lines
        }
    }
    /// Collects lines until this one has come.
    func wait(for line: String) -> [String] {
        var all: [String] = []
        while !all.contains(line) {
            all += take()
            Pause.briefly()
        }
        return all
    }
}

@Suite("A queue worker")
struct WorkerTests {
    private let guest: Guest
    private let log = Log()
    private let port = TestPort()
    private let counters: EventGroup
    private var kick: Int32 { counters[0] }

    init() throws {
        guest = try Guest()
        counters = try EventGroup(count: 2)
    }

    private func setup() throws -> DeviceSetup {
        let queue = try DriverQueue(memory: guest.memory, at: 0x4000, size: 8).setup(index: 3, kick: kick)
        return DeviceSetup(memory: guest.memory, features: 0, queues: [queue], port: port)
    }

    private func start(_ worker: QueueWorker<NotingWork>) throws {
        worker.start(try setup()) { [log] _, _ in NotingWork(log: log) }
    }

    @Test("onStart has run on the thread before the worker can be used")
    func onStart() throws {
        let id = Atomic<Int32>(0)
        let seen = Log()
        let worker = try QueueWorker<NotingWork>(name: "noting") { seen.add("\(OSThread.currentID)") }
        id.store(OSThread.currentID, ordering: .relaxed)
        let lines = seen.take()
        #expect(lines.count == 1 && lines != ["\(id.load(ordering: .relaxed))"])
        worker.shutDown()
    }

    @Test("every queue is looked at after a start, and at each kick")
    func kicks() throws {
        let worker = try QueueWorker<NotingWork>(name: "noting")
        try start(worker)
        #expect(log.wait(for: "kick 3") == ["kick 3"])
        for _ in 0..<3 {
            EventFD.signal(kick)
            #expect(log.wait(for: "kick 3") == ["kick 3"])
        }
        worker.stop()
        #expect(log.take() == ["quiesce", "drop"])
        EventFD.signal(kick)
        worker.pause()
        worker.resume()
        #expect(log.take() == [])
        worker.shutDown()
    }

    @Test("a paused worker leaves kicks alone and looks once when it goes on")
    func pausing() throws {
        let worker = try QueueWorker<NotingWork>(name: "noting")
        try start(worker)
        _ = log.wait(for: "kick 3")
        worker.pause()
        #expect(log.take() == ["quiesce"])
        EventFD.signal(kick)
        EventFD.signal(kick)
        #expect(worker.positions() == [QueuePosition(queue: 5, nextAvailable: 1, nextUsed: 2)])
        #expect(log.take() == [])
        worker.resume()
        _ = log.wait(for: "kick 3")
        worker.stop()
        #expect(worker.positions() == [])
        worker.shutDown()
    }

    @Test("a start while paused waits for resume")
    func startPaused() throws {
        let worker = try QueueWorker<NotingWork>(name: "noting")
        worker.pause()
        try start(worker)
        EventFD.signal(kick)
        #expect(worker.positions().count == 1)
        #expect(log.take() == [])
        worker.resume()
        _ = log.wait(for: "kick 3")
        worker.shutDown()
        #expect(log.take().suffix(2) == ["quiesce", "drop"])
        worker.start(try setup()) { [log] _, _ in NotingWork(log: log) }
        worker.stop()
        #expect(log.take() == [] && worker.positions() == [])
    }

    @Test("work that cannot be made, or whose kick cannot be waited for, asks for a reset")
    func failing() throws {
        let worker = try QueueWorker<NotingWork>(name: "noting")
        worker.start(try setup()) { _, _ in throw QueueError.chainTooLong }
        #expect(port.resetRequests == 1 && worker.positions() == [])
        var bad = try setup()
        bad.queues[0].kick = -1
        worker.start(bad) { [log] _, _ in NotingWork(log: log) }
        #expect(port.resetRequests == 2 && log.take().last == "drop")
        worker.shutDown()
    }

    @Test("descriptors of the work's own are watched until it stops, and reserved tokens are refused")
    func events() throws {
        let worker = try QueueWorker<NotingWork>(name: "noting")
        let raw = counters[1]
        worker.start(try setup()) { [log] _, events in
            try events.add(raw, [.readable, .edge], token: 77)
            #expect(throws: Errno.self) { try events.add(raw, .readable, token: .max) }
            return NotingWork(log: log)
        }
        EventFD.signal(raw)
        #expect(log.wait(for: "ready 77").contains("ready 77"))
        worker.stop()
        _ = log.take()
        EventFD.signal(raw)
        // The worker no longer waits for it, so the same descriptor can be added again.
        worker.start(try setup()) { [log] _, events in
            try events.add(raw, [.readable, .edge], token: 78)
            return NotingWork(log: log)
        }
        #expect(!log.wait(for: "ready 78").contains("ready 77"))
        worker.shutDown()
    }

    @Test("a worker that was given queues and no kicks sleeps, however its commands and its bell interleaved")
    func idle() throws {
        let thread = Gate()
        let worker = try QueueWorker<NotingWork>(name: "idle") {
            thread.open(UInt32(bitPattern: OSThread.currentID))
        }
        func cpuNanoseconds() throws -> UInt64 {
            let file = try FileDescriptor.open("/proc/self/task/\(thread.value)/schedstat", 0)
            let text = String(decoding: try file.readAll(limit: 256), as: UTF8.self)
            return try #require(text.split(separator: " ").first.flatMap { UInt64($0) })
        }
        var most: UInt64 = 0
        for _ in 0..<100 {
            try start(worker)
            _ = log.wait(for: "kick 3")
            let before = try cpuNanoseconds()
            usleep(4000)
            most = max(most, try cpuNanoseconds() - before)
            worker.stop()
        }
        worker.shutDown()
        // What an awake thread would have used is a whole pause; CPU time is no matter of how busy the host is.
        #expect(most < 2_000_000)
    }
}
