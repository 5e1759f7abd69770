// SPDX-License-Identifier: Apache-2.0

import Record

/// What backs guest memory.
public enum MemoryBacking: RecordChoice, Equatable, Sendable {
    /// Ordinary memory, with transparent huge pages where the host has them.
    case anonymous
    /// Pages of the host's pool of this size in bytes: 2 MiB or 1 GiB.
    case hugetlb(pageBytes: UInt64)

    /// The name of this value's case in a stream.
    public var caseName: String {
        switch self {
        case .anonymous: "anonymous"
        case .hugetlb: "hugetlb"
        }
    }

    /// Puts every field of this value's case.
    public func encode(into fields: inout RecordEncoder) {
        switch self {
        case .anonymous: break
        case .hugetlb(let pageBytes):
            fields.put("pageBytes", pageBytes)
        }
    }

    /// Takes every field of the case `name`.
    /// - Throws: `RecordError` when there is no such case or a field is not what it should be.
    public init(case name: String, from fields: inout RecordDecoder) throws(RecordError) {
        switch name {
        case "anonymous": self = .anonymous
        case "hugetlb": self = .hugetlb(pageBytes: try fields.take("pageBytes"))
        default: throw fields.unknownCase
        }
    }
}
