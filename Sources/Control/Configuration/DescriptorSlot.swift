// SPDX-License-Identifier: Apache-2.0

import Record

/// A place in the array of descriptors that travels with a message, counted from zero.
public struct DescriptorSlot: RawRepresentable, RecordField, Hashable, Sendable {
    /// The index into the array.
    public let rawValue: UInt16

    /// The slot at an index.
    public init(rawValue: UInt16) { self.rawValue = rawValue }
}
