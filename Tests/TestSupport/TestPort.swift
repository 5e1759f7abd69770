// SPDX-License-Identifier: Apache-2.0

import Synchronization
public import Virtio

/// A `TransportPort` that counts what a device says, for devices tested without a transport.
public final class TestPort: TransportPort {
    private let resets = Atomic<Int>(0)
    private let changes = Atomic<Int>(0)

    /// Nothing said yet.
    public init() {}

    /// Counts.
    public func needsReset() { resets.wrappingAdd(1, ordering: .acquiringAndReleasing) }

    /// Counts.
    public func configurationChanged() { changes.wrappingAdd(1, ordering: .acquiringAndReleasing) }

    /// How often the device asked to be reset.
    public var resetRequests: Int { resets.load(ordering: .acquiring) }

    /// How often the device's configuration changed.
    public var configurationChanges: Int { changes.load(ordering: .acquiring) }
}
