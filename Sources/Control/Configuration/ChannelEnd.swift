// SPDX-License-Identifier: Apache-2.0

import Record

/// Where a channel between guest and host leads.
public enum ChannelEnd: RecordChoice, Equatable, Sendable {
    /// To the other end of a connected stream socket; once that is closed, for good.
    case stream(slot: DescriptorSlot)
    /// To whoever connects to a listening unix socket, one at a time.
    case listener(slot: DescriptorSlot)

    /// The descriptor of either.
    public var slot: DescriptorSlot {
        switch self {
        case .stream(let slot), .listener(let slot): slot
        }
    }

    /// The name of this value's case in a stream.
    public var caseName: String {
        switch self {
        case .stream: "stream"
        case .listener: "listener"
        }
    }

    /// Puts every field of this value's case.
    public func encode(into fields: inout RecordEncoder) { fields.put("slot", slot) }

    /// Takes every field of the case `name`.
    /// - Throws: `RecordError` when there is no such case or a field is not what it should be.
    public init(case name: String, from fields: inout RecordDecoder) throws(RecordError) {
        switch name {
        case "stream": self = .stream(slot: try fields.take("slot"))
        case "listener": self = .listener(slot: try fields.take("slot"))
        default: throw fields.unknownCase
        }
    }
}
