// SPDX-License-Identifier: Apache-2.0

/// How a program that was run in the guest ended.
public struct AgentExecution: Equatable, Sendable {
    /// Its exit status; nil when a signal ended it.
    public var exitCode: Int64?
    /// The signal that ended it; nil when it exited.
    public var signal: Int64?
    /// What it wrote to standard output, as far as the agent kept it.
    public var output: [UInt8] = []
    /// What it wrote to standard error, as far as the agent kept it.
    public var errors: [UInt8] = []
    /// Whether the agent dropped some of what it wrote.
    public var isTruncated = false
}

/// A program that the guest is running.
struct RunningExecution {
    let process: Int64
    /// When it is given up; it goes on in the guest, which has no command to end it.
    let until: UInt64
    let completion: (Result<AgentExecution, AgentError>) -> Void
    /// When it is asked for next.
    var due: UInt64
    /// How long it is left alone after that.
    var pause: UInt64 = 50_000_000
    /// It has been asked for and there is no answer yet.
    var isWaiting = false

    static let most = 16
    static let longestPause: UInt64 = 1_000_000_000
}
