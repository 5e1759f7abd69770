// SPDX-License-Identifier: Apache-2.0

/// How much of the supervisor its clients may take.
struct APILimits {
    /// Most connections at a time; a further one takes the place of the one that has been idle longest.
    var connections = 64
    /// Most event streams and consoles at a time; a further one is told so.
    var streams = 32
    /// Nanoseconds from a request's first byte, or from the beginning of a connection, to the request's last.
    var requestNanoseconds: UInt64 = 5_000_000_000
    /// Nanoseconds between two requests of a connection.
    var idleNanoseconds: UInt64 = 60_000_000_000
    /// Nanoseconds for the client to take an answer.
    var answerNanoseconds: UInt64 = 30_000_000_000
    /// Nanoseconds in which the client may still be read and ignored before a refused connection is closed, so that it
    /// sees the refusal.
    var lingerNanoseconds: UInt64 = 1_000_000_000
    /// Nanoseconds for the launcher to answer.
    var launcherNanoseconds: UInt64 = 10_000_000_000
    /// Most bytes that wait for a client of a stream; one that is further behind is given up.
    var streamBytes = 1 << 20
}
