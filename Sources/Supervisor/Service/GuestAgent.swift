// SPDX-License-Identifier: Apache-2.0

import VMISpec

/// What is asked of the guest's agent. Every completion is called exactly once, on the supervisor's thread, by its
/// deadline at the latest.
public protocol GuestAgent: AnyObject {
    /// Whether it answered lately.
    var isConnected: Bool { get }

    /// Asks whether it is there.
    func ping(nanoseconds: UInt64, _ completion: @escaping (Result<Void, SupervisorError>) -> Void)

    /// Runs a program in the guest; the result is its exit status.
    func execute(
        _ command: [String], nanoseconds: UInt64, _ completion: @escaping (Result<Int32, SupervisorError>) -> Void)
}
