// SPDX-License-Identifier: Apache-2.0

/// A question that is asked again and again, as often as KubeVirt's poller asks it: at once, after 10 s, and each time
/// twice as late up to its own interval.
struct AgentPoll {
    let command: String
    /// Nanoseconds between two questions in the long run.
    let interval: UInt64
    /// When it is asked next.
    var due: UInt64 = 0
    private var pause: UInt64
    /// It has been asked and not been answered.
    var isWaiting = false

    private static let second: UInt64 = 1_000_000_000

    init(_ command: String, seconds: UInt64) {
        self.command = command
        interval = seconds * Self.second
        pause = min(10, seconds) * Self.second
    }

    /// Notes that it is asked now.
    mutating func ask(at now: UInt64) {
        isWaiting = true
        due = now &+ pause
        pause = min(pause * 2, interval)
    }

    /// The questions of a connection that has just begun; what an agent can do is the first.
    static var all: [AgentPoll] {
        [
            AgentPoll("guest-info", seconds: 300), AgentPoll("guest-get-osinfo", seconds: 10),
            AgentPoll("guest-network-get-interfaces", seconds: 10), AgentPoll("guest-get-host-name", seconds: 10),
            AgentPoll("guest-get-timezone", seconds: 10), AgentPoll("guest-get-users", seconds: 10),
            AgentPoll("guest-get-fsinfo", seconds: 300), AgentPoll("guest-fsfreeze-status", seconds: 5),
            AgentPoll("guest-get-load", seconds: 10),
        ]
    }
}
