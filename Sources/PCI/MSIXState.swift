// SPDX-License-Identifier: Apache-2.0

public import Bus

/// The state of an MSI-X table; enable and function mask are in the configuration space.
public struct MSIXState: Equatable, Sendable {
    /// One vector.
    public struct Vector: Equatable, Sendable {
        /// What it sends.
        public var message: MSIMessage
        /// Its mask bit.
        public var isMasked: Bool
        /// Whether it has been raised and not been delivered.
        public var isPending: Bool

        /// A vector's state.
        public init(message: MSIMessage, isMasked: Bool, isPending: Bool) {
            self.message = message
            self.isMasked = isMasked
            self.isPending = isPending
        }
    }

    /// All vectors in order.
    public var vectors: [Vector]

    /// A table's state.
    public init(vectors: [Vector]) { self.vectors = vectors }
}
