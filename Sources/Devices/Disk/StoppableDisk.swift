// SPDX-License-Identifier: Apache-2.0

/// A device whose requests can stop the machine, and whose images can grow, as the machine sees it.
public protocol StoppableDisk: AnyObject, Sendable {
    /// How many requests wait to be tried again.
    var parkedRequests: Int { get }
    /// Whether all of them wait for space.
    var waitsForSpace: Bool { get }
    /// Tries them again while the machine is paused; says whether none is left.
    func retry() -> Bool
}
