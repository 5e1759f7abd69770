// SPDX-License-Identifier: Apache-2.0

import Virtio

/// The two ways a virtqueue can lie in memory, for tests that must hold for both.
public enum RingLayout: CaseIterable, Sendable {
    /// Virtio 1.2 §2.7.
    case split
    /// Virtio 1.2 §2.8.
    case packed

    /// The feature that a driver accepts to use it.
    public var features: UInt64 { self == .packed ? Feature.packedRing : 0 }
}
