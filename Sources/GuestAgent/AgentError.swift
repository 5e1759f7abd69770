// SPDX-License-Identifier: Apache-2.0

/// Why a guest agent did not do what it was asked to.
public enum AgentError: Error, Equatable, Sendable, CustomStringConvertible {
    /// No agent listens in the guest, or the guest does not run.
    case disconnected
    /// There was no answer in time; what was asked may happen all the same.
    case timedOut(command: String)
    /// The agent said no, in its own words, cut to a line.
    case refused(command: String, reason: String)
    /// The answer makes no sense.
    case malformed(command: String)
    /// Too much is waiting for the agent already.
    case busy

    /// One line.
    public var description: String {
        switch self {
        case .disconnected: "No guest agent is connected; install qemu-guest-agent in the guest and start it"
        case .timedOut(let command): "The guest agent did not answer \(command) in time"
        case .refused(let command, let reason): "The guest agent refused \(command): \(reason)"
        case .malformed(let command): "The guest agent's answer to \(command) makes no sense"
        case .busy: "The guest agent has too much to do already; try again later"
        }
    }
}
