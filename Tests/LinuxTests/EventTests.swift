// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

@Suite("Events")
struct EventTests {
    @Test("an eventfd counts signals and never blocks")
    func eventfd() throws {
        let event = try EventFD()
        #expect(event.drain() == 0)
        for _ in 0..<5 { event.signal() }
        EventFD.signal(event.raw)
        #expect(event.drain() == 6)
        // A full counter: the next signal is dropped, the waiter still wakes.
        try event.descriptor.writeAll([0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF])
        event.signal()
        #expect(event.drain() == UInt64.max - 1)
    }

    @Test("epoll names what is ready by its token")
    func epoll() throws {
        let epoll = try Epoll(), one = try EventFD(), two = try EventFD()
        try epoll.add(one.raw, .readable, token: 1)
        try epoll.add(two.raw, .readable, token: UInt64.max)
        #expect(try ready(epoll) == [:])
        two.signal()
        #expect(try ready(epoll) == [UInt64.max: .readable])
        one.signal()
        #expect(try ready(epoll) == [1: .readable, UInt64.max: .readable])
        two.drain()
        epoll.remove(one.raw)
        epoll.remove(one.raw)
        #expect(try ready(epoll) == [:])
        #expect(throws: Errno(code: ENOENT, call: "epoll_ctl")) { try epoll.change(one.raw, .readable, token: 2) }
        #expect(throws: Errno(code: EEXIST, call: "epoll_ctl")) { try epoll.add(two.raw, .readable, token: 2) }
    }

    @Test("what a descriptor is watched for can change, and an edge is reported once")
    func interest() throws {
        let epoll = try Epoll(), event = try EventFD()
        try epoll.add(event.raw, [], token: 7)
        event.signal()
        #expect(try ready(epoll) == [:])
        try epoll.change(event.raw, [.readable, .edge], token: 8)
        #expect(try ready(epoll) == [8: .readable])
        #expect(try ready(epoll) == [:])
        event.signal()
        #expect(try ready(epoll) == [8: .readable])
    }

    @Test("a wait reports no more than its capacity and the rest next time")
    func capacity() throws {
        let epoll = try Epoll(capacity: 1), one = try EventFD(), two = try EventFD()
        try epoll.add(one.raw, [.readable, .edge], token: 1)
        try epoll.add(two.raw, [.readable, .edge], token: 2)
        one.signal()
        two.signal()
        var seen: Set<UInt64> = []
        for _ in 0..<2 { seen.formUnion(try ready(epoll).keys) }
        #expect(seen == [1, 2])
    }

    @Test("a hang-up is reported without being asked for")
    func hangUp() throws {
        let epoll = try Epoll(), pair = try UnixSocket.pair()
        let first = pair.first
        try epoll.add(first.descriptor.raw, [.peerClosed], token: 3)
        close(pair.second)
        #expect(try ready(epoll) == [3: [.closed, .peerClosed]])
    }

    private func close(_ socket: consuming UnixSocket) {}

    @Test("a timer fires, repeats and can be taken back")
    func timer() throws {
        let epoll = try Epoll(), timer = try Timer()
        try epoll.add(timer.descriptor.raw, .readable, token: 1)
        #expect(timer.drain() == 0)
        try timer.set(nanoseconds: 1_000_000, period: 1_000_000)
        for _ in 0..<3 {
            try epoll.wait { _, _ in }
            #expect(timer.drain() >= 1)
        }
        try timer.set(nanoseconds: 0)
        timer.drain()
        #expect(try ready(epoll) == [:])
        try timer.set(nanoseconds: 3_600_000_000_000)
        #expect(try ready(epoll) == [:])
    }

    @Test("signals come out of a descriptor one by one")
    func signals() throws {
        let outcome = Outcome()
        let thread = try OSThread(name: "signals") {
            guard let set = try? SignalSet([SIGUSR2, SIGWINCH]) else { return }
            pthread_kill(pthread_self(), SIGUSR2)
            pthread_kill(pthread_self(), SIGWINCH)
            var seen: Set<Int32> = []
            while let signal = set.next() { seen.insert(signal) }
            outcome.set(seen == [SIGUSR2, SIGWINCH] ? 1 : -1)
        }
        thread.join()
        #expect(outcome.value == 1)
    }

    @Test("the monotonic clock never goes back")
    func clock() {
        var last = Clock.monotonic
        for _ in 0..<10_000 {
            let now = Clock.monotonic
            #expect(now >= last)
            last = now
        }
        // 2024-01-01 to 2100-01-01: the realtime clock counts nanoseconds since 1970.
        #expect((1_704_067_200_000_000_000..<4_102_444_800_000_000_000 as Range<UInt64>).contains(Clock.realtime))
    }

    @Test("random bytes differ", arguments: [1, 64, 100_000])
    func random(count: Int) throws {
        var all: Set<[UInt8]> = []
        for _ in 0..<(count == 1 ? 1000 : 4) {
            var bytes = [UInt8](repeating: 0, count: count)
            try unsafe bytes.withUnsafeMutableBytes { try unsafe Random.fill($0) }
            all.insert(bytes)
        }
        #expect(all.count >= 4)
    }

    private func ready(_ epoll: borrowing Epoll) throws -> [UInt64: Readiness] {
        var all: [UInt64: Readiness] = [:]
        try epoll.wait(milliseconds: 0) { all[$0] = $1 }
        return all
    }
}
