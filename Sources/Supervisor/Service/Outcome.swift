// SPDX-License-Identifier: Apache-2.0

/// How an instance came to its end.
public enum Outcome: Equatable, Sendable {
    /// The guest powered itself off.
    case poweredOff
    /// It ended otherwise, for a reason told in one line.
    case failed(String)

    /// The exit status of a process that stands for the instance.
    public var exitStatus: Int32 { self == .poweredOff ? 0 : 1 }

    /// KubeVirt's name of the phase that follows.
    public var phase: String { self == .poweredOff ? "Succeeded" : "Failed" }
}
