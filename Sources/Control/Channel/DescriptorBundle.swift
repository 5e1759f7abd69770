// SPDX-License-Identifier: Apache-2.0

import Linux

/// Owns the descriptors that travel with one message and closes those that nobody took.
public struct DescriptorBundle: ~Copyable, Sendable {
    /// Most descriptors of a message (`SCM_MAX_FD`, see `unix(7)`).
    public static let capacity = UnixSocket.maximumDescriptors

    private var raws: [Int32?]

    /// A bundle of nothing.
    public init() { raws = [] }

    /// Takes over open descriptors by number.
    init(owning raws: [Int32]) { self.raws = raws }

    deinit { Self.close(raws) }

    /// How many slots there are, whether or not their descriptors were taken.
    public var count: Int { raws.count }

    /// Adds a descriptor and says where; nil, and the descriptor is closed, when the bundle is full.
    public mutating func add(_ descriptor: consuming FileDescriptor) -> DescriptorSlot? {
        guard raws.count < Self.capacity, let index = UInt16(exactly: raws.count) else { return nil }
        raws.append(descriptor.release())
        return DescriptorSlot(rawValue: index)
    }

    /// The descriptor's number for a moment's use, or nil when there is no such slot or it was taken.
    public borrowing func number(at slot: DescriptorSlot) -> Int32? {
        raws.indices.contains(Int(slot.rawValue)) ? raws[Int(slot.rawValue)] : nil
    }

    /// Hands the descriptor over, once; nil when there is no such slot or it was taken.
    public mutating func take(_ slot: DescriptorSlot) -> FileDescriptor? {
        guard let raw = number(at: slot) else { return nil }
        raws[Int(slot.rawValue)] = nil
        return FileDescriptor(owning: raw)
    }

    /// Gives up every descriptor, none of which was taken: the caller closes them.
    consuming func release() -> [Int32] {
        let left = raws.compactMap { $0 }
        precondition(left.count == raws.count, "A bundle is sent after a descriptor was taken from it")
        raws = []
        return left
    }

    static func close(_ raws: some Sequence<Int32?>) {
        for case let raw? in raws { _ = FileDescriptor(owning: raw) }
    }
}
