// SPDX-License-Identifier: Apache-2.0

import Linux

/// The DHCP and router advertisement service of all interfaces of a guest, for the caller's own loop: `descriptor` is
/// readable whenever `serve` has something to do. It owns no thread and never waits.
public final class PodNetworkService {
    /// Datagrams of a port that one call of `serve` answers at most.
    static let mostAtOnce = 16

    private let watch: Epoll
    private let timer: Timer
    private let guests: [GuestService]

    private static let timerToken = UInt64.max

    init(_ guests: [GuestService]) throws(Errno) {
        watch = try Epoll()
        timer = try Timer()
        self.guests = guests
        for (place, guest) in guests.enumerated() {
            for descriptor in guest.descriptors { try watch.add(descriptor, .readable, token: UInt64(place)) }
        }
        guard guests.contains(where: \.advertises) else { return }
        let interval = RouterAdvertisement.intervalSeconds * 1_000_000_000
        try timer.set(nanoseconds: interval, period: interval)
        try watch.add(timer.descriptor.raw, .readable, token: Self.timerToken)
    }

    /// Readable when there is something to serve; an epoll set's own descriptor, which another set may watch.
    public var descriptor: Int32 { watch.descriptor.raw }

    /// Serves what there is and returns.
    public func serve() {
        var ready: [UInt64] = []
        _ = try? watch.wait(milliseconds: 0) { token, _ in if !ready.contains(token) { ready.append(token) } }
        for token in ready {
            if token == Self.timerToken {
                timer.drain()
                for guest in guests { guest.advertise() }
            } else if token < UInt64(guests.count) {
                guests[Int(token)].serve()
            }
        }
    }
}
