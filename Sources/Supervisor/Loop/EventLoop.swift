// SPDX-License-Identifier: Apache-2.0

import Linux

/// Waits for descriptors and for moments, and calls whoever waits for them; everything happens on one thread.
///
/// What is watched stays its owner's, who takes it out before it is closed. Actions are kept until then: one that holds
/// its owner holds it weakly.
final class EventLoop {
    private let epoll: Epoll
    private var watches: [UInt64: Watch] = [:]
    private var alarms: [UInt64: Alarm] = [:]
    private var lastToken: UInt64 = 0

    private struct Watch {
        let raw: Int32
        var interest: Readiness
        let action: (Readiness) -> Void
    }

    private struct Alarm {
        let moment: UInt64
        let action: () -> Void
    }

    /// An empty loop.
    /// - Throws: `Errno` of `epoll_create1`.
    init() throws(Errno) { epoll = try Epoll(capacity: 32) }

    /// Calls the action whenever the descriptor is ready; returns the token by which it is known.
    /// - Throws: `Errno` of `epoll_ctl`.
    func watch(
        _ raw: Int32, _ interest: Readiness = .readable, _ action: @escaping (Readiness) -> Void
    ) throws(Errno) -> UInt64 {
        lastToken += 1
        try epoll.add(raw, interest, token: lastToken)
        watches[lastToken] = Watch(raw: raw, interest: interest, action: action)
        return lastToken
    }

    /// Watches for something else from now on; a token that is none is no error.
    func change(_ token: UInt64, _ interest: Readiness) {
        guard let watch = watches[token], watch.interest != interest else { return }
        guard (try? epoll.change(watch.raw, interest, token: token)) != nil else { return }
        watches[token]?.interest = interest
    }

    /// Stops watching; a token that is none is no error.
    func forget(_ token: UInt64) {
        guard let watch = watches.removeValue(forKey: token) else { return }
        epoll.remove(watch.raw)
    }

    /// Calls the action once, that many nanoseconds from now; returns the token by which it is known.
    func after(nanoseconds: UInt64, _ action: @escaping () -> Void) -> UInt64 {
        lastToken += 1
        let (moment, overflow) = Clock.monotonic.addingReportingOverflow(nanoseconds)
        alarms[lastToken] = Alarm(moment: overflow ? .max : moment, action: action)
        return lastToken
    }

    /// Forgets an alarm; one that rang or is none is no error.
    func cancel(_ token: UInt64?) {
        if let token { alarms[token] = nil }
    }

    /// Waits until something is ready or due, and serves it.
    /// - Parameter nanoseconds: waits no longer than that; nil for no limit.
    /// - Throws: `Errno` of `epoll_wait`.
    func turn(atMost nanoseconds: UInt64? = nil) throws(Errno) {
        var ready: [(UInt64, Readiness)] = []
        try epoll.wait(milliseconds: timeout(nanoseconds)) { ready.append(($0, $1)) }
        // An action may forget what is ready too; tokens are never used again.
        for (token, readiness) in ready { watches[token]?.action(readiness) }
        let now = Clock.monotonic
        for (token, alarm) in alarms.sorted(by: { $0.value.moment < $1.value.moment }) where alarm.moment <= now {
            // One that rings may have cancelled the next.
            guard alarms.removeValue(forKey: token) != nil else { continue }
            alarm.action()
        }
    }

    /// Milliseconds to the next alarm, rounded up, or -1 where there is none.
    private func timeout(_ most: UInt64?) -> Int32 {
        let now = Clock.monotonic
        var left = most
        for alarm in alarms.values {
            let more = alarm.moment > now ? alarm.moment - now : 0
            left = min(left ?? .max, more)
        }
        guard let left else { return -1 }
        return Int32(clamping: left / 1_000_000 + (left % 1_000_000 == 0 ? 0 : 1))
    }
}
