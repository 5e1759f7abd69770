// SPDX-License-Identifier: Apache-2.0

import Record

/// Where virtio-rng gets its bytes.
public enum EntropySource: RecordChoice, Equatable, Sendable {
    /// The system call `getrandom(2)`.
    case getrandom
    /// A descriptor that is read, for instance of `/dev/hwrng`.
    case file(slot: DescriptorSlot)

    /// The name of this value's case in a stream.
    public var caseName: String {
        switch self {
        case .getrandom: "getrandom"
        case .file: "file"
        }
    }

    /// Puts every field of this value's case.
    public func encode(into fields: inout RecordEncoder) {
        switch self {
        case .getrandom: break
        case .file(let slot):
            fields.put("slot", slot)
        }
    }

    /// Takes every field of the case `name`.
    /// - Throws: `RecordError` when there is no such case or a field is not what it should be.
    public init(case name: String, from fields: inout RecordDecoder) throws(RecordError) {
        switch name {
        case "getrandom": self = .getrandom
        case "file": self = .file(slot: try fields.take("slot"))
        default: throw fields.unknownCase
        }
    }
}
