// SPDX-License-Identifier: Apache-2.0

/// Hears from disks' threads that the machine must not go on; neither waits nor calls back.
public protocol DiskSignals: AnyObject, Sendable {
    /// A request failed and waits for the machine to be paused and resumed.
    func diskStopped(_ failure: DiskFailure)
}
