// SPDX-License-Identifier: Apache-2.0

import Glibc
internal import Linux

/// The console thread's work: waits with `poll`, which takes terminals, sockets, pipes and files alike.
struct ConsoleServer: ~Copyable {
    private let hub: ConsoleHub
    private let input: any ConsoleInput
    private let listener: UnixSocket?
    private var readers: [ConsoleReader] = []
    private var polled: [pollfd] = []
    private var output: [UInt8] = []
    private var typed = [UInt8](repeating: 0, count: 1024)
    // No connections are taken before this moment of the monotonic clock.
    private var listenerRestsUntil: UInt64 = 0

    private static let chunkBytes = 4096
    // What a terminal with poll's "writable" takes without waiting, in practice.
    private static let streamChunkBytes = 256
    private static let paceMilliseconds: Int32 = 2
    private static let portionBytes = UInt64(ConsoleRing.capacity / 4)
    private static let listenerRestMilliseconds: Int32 = 1000
    private static let stallMilliseconds: Int32 = 100
    private static let flushNanoseconds: UInt64 = 1_000_000_000

    init(hub: ConsoleHub, input: any ConsoleInput) {
        self.hub = hub
        self.input = input
        var listener: UnixSocket?
        hub.shared.withLock { swap(&$0.listener, &listener) }
        self.listener = listener
    }

    /// Serves until the hub is stopped, then flushes.
    mutating func run() {
        // Output is offered to readers in portions: after one the thread waits two milliseconds or for a quarter of the
        // ring rather than be woken by, and write, each byte. `offered` is what readers may have by now.
        var paced = false, offers = true
        var offered: UInt64 = 0
        while true {
            let (end, stops) = look(wakingAfter: paced ? ConsoleServer.portionBytes : 1)
            if stops { break }
            if offers { offered = end }
            offers = false
            let listens = listenerRestsUntil == 0 || Clock.monotonic >= listenerRestsUntil
            _ = prepare(end: offered, reading: true, listening: listens)
            var timeout: Int32 = paced ? ConsoleServer.paceMilliseconds : -1
            if !listens, timeout < 0 { timeout = ConsoleServer.listenerRestMilliseconds }
            let ready = wait(timeout)
            if ready == 0 {
                paced = false
                offers = true
            }
            guard ready > 0 else { continue }
            if ConsoleServer.isSet(polled[0].revents, POLLIN) {
                hub.wake.drain()
                paced = true
                offers = true
            }
            // Input must not keep output waiting: only a round that wrote is a reason to wait for more.
            if serve() { paced = true } else { offers = true }
            if listener != nil, ConsoleServer.isSet(polled[1].revents, POLLIN) {
                accept()
                offers = true
            }
        }
        flush()
    }

    // Says how much output there is; from here on `bytes` more of it wake us.
    private mutating func look(wakingAfter bytes: UInt64) -> (end: UInt64, stops: Bool) {
        let hasReaders = !readers.isEmpty
        let (end, stops, new) = hub.shared.withLock { s in
            let new = s.newcomers
            s.newcomers = []
            s.wakeAt = hasReaders || !new.isEmpty ? s.ring.end + bytes : .max
            return (s.ring.end, s.stops, new)
        }
        for stream in new { readers.append(ConsoleReader(stream)) }
        return (end, stops)
    }

    // Builds the poll set: the wake event, the listener, and each stream that has or wants something. Streams of which
    // nothing is wanted stay out, since their hang-up would be reported over and over.
    private mutating func prepare(end: UInt64, reading: Bool, listening: Bool) -> Bool {
        let room = reading && readers.contains { !$0.inputEnded } ? input.room() : 0
        var pending = false
        polled.removeAll(keepingCapacity: true)
        polled.append(pollfd(fd: hub.wake.raw, events: Int16(POLLIN), revents: 0))
        let raw: Int32 = if listening, let r = listenerRaw { r } else { -1 }
        polled.append(pollfd(fd: raw, events: Int16(POLLIN), revents: 0))
        for i in readers.indices {
            var events: Int32 = 0
            if !readers[i].inputEnded, room > 0 { events |= POLLIN }
            if !readers[i].outputEnded, readers[i].position < end {
                events |= POLLOUT
                pending = true
            }
            let watched = events != 0 || (readers[i].inputEnded && !readers[i].outputEnded)
            readers[i].slot = watched ? polled.count : nil
            if watched {
                polled.append(
                    pollfd(fd: readers[i].stream.descriptor.raw, events: Int16(events), revents: 0))
            }
        }
        return pending
    }

    private var listenerRaw: Int32? {
        switch listener {
        case .some(let socket): socket.descriptor.raw
        case .none: nil
        }
    }

    private mutating func wait(_ milliseconds: Int32) -> Int {
        // SAFETY: the array bounds what poll reads and writes. Its only likely failure is a signal: look again then.
        unsafe polled.withUnsafeMutableBufferPointer { p in
            Int(unsafe poll(p.baseAddress, nfds_t(p.count), milliseconds))
        }
    }

    // Moves bytes both ways; says whether any output went out.
    private mutating func serve() -> Bool {
        var wrote = false
        for i in readers.indices {
            guard let slot = readers[i].slot else { continue }
            let events = polled[slot].revents
            if ConsoleServer.isSet(events, POLLIN | POLLHUP | POLLERR | POLLNVAL) { read(i, events) }
            if ConsoleServer.isSet(events, POLLOUT), write(i) { wrote = true }
        }
        readers.removeAll { $0.isDone }
        return wrote
    }

    private mutating func read(_ i: Int, _ events: Int16) {
        if readers[i].inputEnded {
            // Only the hang-up of a stream that takes output ends up here.
            if ConsoleServer.isSet(events, POLLHUP | POLLERR | POLLNVAL) { readers[i].outputEnded = true }
            return
        }
        let room = min(input.room(), typed.count)
        guard room > 0 else { return }
        let stream = readers[i].stream
        // SAFETY: `room` is at most the array's size.
        let result = unsafe typed.withUnsafeMutableBytes { p in
            Result<Int, Errno> { () throws(Errno) in
                unsafe try stream.descriptor.read(into: UnsafeMutableRawBufferPointer(rebasing: p[..<room]))
            }
        }
        switch result {
        case .success(0): readers[i].inputEnded = true
        case .success(let n):
            // `room` cannot have shrunk: this thread is the only one that feeds the port.
            _ = input.receive(typed.span.extracting(0..<n))
        case .failure(let error):
            guard error.code != EAGAIN else { return }
            readers[i].inputEnded = true
            if stream.isClient { readers[i].outputEnded = true }
        }
    }

    private mutating func write(_ i: Int) -> Bool {
        let limit = readers[i].stream.isClient ? ConsoleServer.chunkBytes : ConsoleServer.streamChunkBytes
        let position = readers[i].position
        let from = hub.shared.withLock { $0.ring.copy(from: position, into: &output, limit: limit) }
        let stream = readers[i].stream
        // SAFETY: the array outlives the call.
        let result = unsafe output.withUnsafeBytes { p in
            Result<Int, Errno> { () throws(Errno) in unsafe try stream.descriptor.write(p) }
        }
        switch result {
        case .success(let n):
            readers[i].position = from + UInt64(n)
            return n > 0
        case .failure(let error):
            // What it typed before it hung up may still be waiting to be read.
            if error.code != EAGAIN { readers[i].outputEnded = true }
            return false
        }
    }

    private mutating func accept() {
        let clients = readers.reduce(0) { $0 + ($1.stream.isClient ? 1 : 0) }
        do throws(Errno) {
            switch listener {
            case .some(let socket):
                guard let new = try socket.accept() else { return }
                // Beyond the limit the descriptor goes out of scope: the client sees its connection end.
                if clients < ConsoleHub.clientLimit { readers.append(ConsoleReader(ConsoleStream(client: new))) }
            case .none: return
            }
        } catch {
            // Out of descriptors or memory: the connection stays queued and would wake us at once.
            listenerRestsUntil = Clock.monotonic + UInt64(ConsoleServer.listenerRestMilliseconds) * 1_000_000
        }
    }

    private mutating func flush() {
        let deadline = Clock.monotonic + ConsoleServer.flushNanoseconds
        while Clock.monotonic < deadline {
            let (end, _) = look(wakingAfter: ConsoleServer.portionBytes)
            guard prepare(end: end, reading: false, listening: false) else { return }
            polled[0].fd = -1
            let ready = wait(ConsoleServer.stallMilliseconds)
            if ready == 0 { return }
            if ready > 0 { _ = serve() }
        }
    }

    private static func isSet(_ events: Int16, _ bits: Int32) -> Bool { Int32(events) & bits != 0 }
}
