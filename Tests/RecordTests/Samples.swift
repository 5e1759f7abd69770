// SPDX-License-Identifier: Apache-2.0

import Record

/// A record with a field of every kind.
struct Everything: Recordable, Equatable {
    static let recordName = "everything"

    var small: UInt8 = 0xA5
    var large: UInt64 = .max
    var negative: Int64 = .min
    var flag = true
    var text = "grüße\u{0}\n"
    var bytes: [UInt8] = [0, 1, 255]
    var numbers: [UInt64] = [0, 127, 128, .max]
    var signedNumbers: [Int32] = [-1, 0, 1]
    var present: String? = "x"
    var missing: UInt16?
    var level = Level.high
    var backing = Backing.hugetlb(pageBytes: 2 << 20)
    var children = [Leaf(id: 1), Leaf(id: 2)]

    init() {}

    func encode(into fields: inout RecordEncoder) {
        fields.put("small", small)
        fields.put("large", large)
        fields.put("negative", negative)
        fields.put("flag", flag)
        fields.put("text", text)
        fields.put("bytes", bytes)
        fields.put("numbers", numbers)
        fields.put("signedNumbers", signedNumbers)
        fields.put("present", present)
        fields.put("missing", missing)
        fields.put("level", level)
        fields.put("backing", backing)
        fields.put("children", children)
    }

    init(from fields: inout RecordDecoder) throws(RecordError) {
        small = try fields.take("small")
        large = try fields.take("large")
        negative = try fields.take("negative")
        flag = try fields.take("flag")
        text = try fields.take("text")
        bytes = try fields.take("bytes")
        numbers = try fields.take("numbers")
        signedNumbers = try fields.take("signedNumbers")
        present = try fields.take("present")
        missing = try fields.take("missing")
        level = try fields.take("level")
        backing = try fields.take("backing")
        children = try fields.take("children")
    }
}

enum Level: UInt8, RecordField {
    case low = 1
    case high = 9
}

enum Backing: RecordChoice, Equatable {
    case anonymous
    case hugetlb(pageBytes: UInt64)
    case leaf(Leaf)

    var caseName: String {
        switch self {
        case .anonymous: "anonymous"
        case .hugetlb: "hugetlb"
        case .leaf: "leaf"
        }
    }

    func encode(into fields: inout RecordEncoder) {
        switch self {
        case .anonymous: break
        case .hugetlb(let pageBytes): fields.put("pageBytes", pageBytes)
        case .leaf(let leaf): leaf.encode(into: &fields)
        }
    }

    init(case name: String, from fields: inout RecordDecoder) throws(RecordError) {
        switch name {
        case "anonymous": self = .anonymous
        case "hugetlb": self = .hugetlb(pageBytes: try fields.take("pageBytes"))
        case "leaf": self = .leaf(try Leaf(from: &fields))
        default: throw fields.unknownCase
        }
    }
}

struct Leaf: Recordable, Equatable {
    static let recordName = "leaf"
    var id: UInt32

    init(id: UInt32) { self.id = id }
    func encode(into fields: inout RecordEncoder) { fields.put("id", id) }
    init(from fields: inout RecordDecoder) throws(RecordError) { id = try fields.take("id") }
}

/// A record that holds what a test puts into it, under any name and version.
struct Loose: Recordable {
    static let recordName = "timer"
    static let ignoresUnknownFields = true
    var count: UInt32

    func encode(into fields: inout RecordEncoder) { fields.put("count", count) }
    init(from fields: inout RecordDecoder) throws(RecordError) { count = try fields.take("count") }
}

/// The record `timer` as its first version wrote it.
struct TimerOne: Recordable, Equatable {
    static let recordName = "timer"
    var count: UInt32
    var milliseconds: UInt32

    init(count: UInt32, milliseconds: UInt32) {
        self.count = count
        self.milliseconds = milliseconds
    }
    func encode(into fields: inout RecordEncoder) {
        fields.put("count", count)
        fields.put("milliseconds", milliseconds)
    }
    init(from fields: inout RecordDecoder) throws(RecordError) {
        count = try fields.take("count")
        milliseconds = try fields.take("milliseconds")
    }
}

/// The record `timer` after a field was replaced and another added.
struct TimerTwo: Recordable, Equatable {
    static let recordName = "timer"
    static let recordVersion: UInt16 = 2
    var count: UInt64
    var nanoseconds: UInt64
    var periodic: Bool

    init(count: UInt64, nanoseconds: UInt64, periodic: Bool) {
        self.count = count
        self.nanoseconds = nanoseconds
        self.periodic = periodic
    }
    func encode(into fields: inout RecordEncoder) {
        fields.put("count", count)
        fields.put("nanoseconds", nanoseconds)
        fields.put("periodic", periodic)
    }
    init(from fields: inout RecordDecoder) throws(RecordError) {
        count = try fields.take("count")
        if fields.version < 2 {
            nanoseconds = UInt64(try fields.take("milliseconds", as: UInt32.self)) * 1_000_000
        } else {
            nanoseconds = try fields.take("nanoseconds")
        }
        periodic = try fields.take("periodic", default: false)
    }
}
