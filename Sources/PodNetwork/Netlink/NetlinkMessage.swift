// SPDX-License-Identifier: Apache-2.0

/// A request to rtnetlink: the message's header, its family's header, then attributes (`netlink(7)`, `rtnetlink(7)`).
struct NetlinkMessage {
    /// The bytes so far; the length and number in the header are set when it is sent.
    private(set) var bytes: [UInt8]

    /// A request of a type, with flags (NLM_F_*) and the header of its family.
    init(_ type: UInt16, flags: UInt16, header: [UInt8]) {
        bytes = Self.word(0) + Self.half(type) + Self.half(flags | NLM.request) + Self.word(0) + Self.word(0) + header
        pad()
    }

    /// Adds an attribute.
    mutating func add(_ type: UInt16, _ value: [UInt8]) {
        bytes += Self.half(UInt16(clamping: value.count + 4)) + Self.half(type) + value
        pad()
    }

    /// Adds an attribute of a text that ends in a zero byte.
    mutating func add(_ type: UInt16, text: String) { add(type, Array(text.utf8) + [0]) }

    /// Adds an attribute of 32 bits.
    mutating func add(_ type: UInt16, _ value: UInt32) { add(type, Self.word(value)) }

    /// Adds an attribute made of those that `body` adds.
    mutating func nest(_ type: UInt16, _ body: (inout NetlinkMessage) -> Void) {
        let start = bytes.count
        bytes += Self.half(0) + Self.half(type)
        body(&self)
        bytes.replaceSubrange(start..<start + 2, with: Self.half(UInt16(clamping: bytes.count - start)))
    }

    /// Adds attributes that are encoded already.
    mutating func append(_ attributes: some Collection<UInt8>) {
        bytes += attributes
        pad()
    }

    /// Sets what a message is known by and its length.
    mutating func finish(sequence: UInt32) {
        bytes.replaceSubrange(0..<4, with: Self.word(UInt32(clamping: bytes.count)))
        bytes.replaceSubrange(8..<12, with: Self.word(sequence))
    }

    /// 16 bits in the order of this machine.
    static func half(_ value: UInt16) -> [UInt8] { [UInt8(truncatingIfNeeded: value), UInt8(value >> 8)] }
    /// 32 bits in the order of this machine.
    static func word(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }

    private mutating func pad() { while bytes.count % 4 != 0 { bytes.append(0) } }
}

/// `linux/netlink.h`.
enum NLM {
    static let request: UInt16 = 0x001
    static let acknowledge: UInt16 = 0x004
    static let dump: UInt16 = 0x300
    static let replace: UInt16 = 0x100
    static let exclusive: UInt16 = 0x200
    static let create: UInt16 = 0x400
    static let isCapped: UInt16 = 0x100
    static let hasWords: UInt16 = 0x200
    static let error: UInt16 = 2
    static let done: UInt16 = 3
}

/// `linux/rtnetlink.h`: types of messages.
enum RTM {
    static let newLink: UInt16 = 16
    static let deleteLink: UInt16 = 17
    static let getLink: UInt16 = 18
    static let newAddress: UInt16 = 20
    static let deleteAddress: UInt16 = 21
    static let getAddress: UInt16 = 22
    static let newRoute: UInt16 = 24
    static let getRoute: UInt16 = 26
}
