// SPDX-License-Identifier: Apache-2.0

/// How long to wait before a virtual machine is started again, as KubeVirt waits (calculateStartBackoffTime,
/// pkg/virt-controller/watch/vm): ten seconds times the square of the failures in a row, half as much again at random,
/// five minutes at most.
struct Backoff: Equatable {
    /// The longest wait, in seconds.
    static let longestSeconds = 300
    /// An instance that ran for less than this, in seconds, is taken for one that failed to start.
    static let shortestRunSeconds: UInt64 = 10

    /// How many starts in a row led to nothing.
    private(set) var failures = 0

    /// Takes an end; returns the seconds to wait before the next start.
    /// - Parameters:
    ///   - ranSeconds: how long the vCPUs ran; nil when they never did.
    ///   - random: an even choice from a range.
    mutating func wait(
        afterRunningFor ranSeconds: UInt64?, random: (ClosedRange<Int>) -> Int = { Int.random(in: $0) }
    ) -> Int {
        if let ranSeconds, ranSeconds >= Self.shortestRunSeconds {
            failures = 0
            return 0
        }
        failures = min(failures + 1, 1000)
        let seconds = 10 * failures * failures
        return min(seconds + random(0...seconds / 2), Self.longestSeconds)
    }
}
