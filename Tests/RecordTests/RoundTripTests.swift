// SPDX-License-Identifier: Apache-2.0

import Record
import Testing

@Suite("Values survive a round trip")
struct RoundTripTests {
    @Test(
        "an unsigned number comes back",
        arguments: [0, 1, 127, 128, 16_383, 16_384, UInt64(UInt32.max), 1 << 62, 1 << 63, .max])
    func unsigned(number: UInt64) throws {
        #expect(try Record.decode(UInt64.self, Record.encode(number)) == number)
    }

    @Test("a signed number comes back", arguments: [0, -1, 1, -64, 64, -65, .min, .max] as [Int64])
    func signed(number: Int64) throws {
        #expect(try Record.decode(Int64.self, Record.encode(number)) == number)
    }

    @Test("text comes back byte for byte", arguments: ["", "a", "\u{0}", "e\u{301}", "é", "🦋", "line\nline"])
    func text(text: String) throws {
        #expect(Array(try Record.decode(String.self, Record.encode(text)).utf8) == Array(text.utf8))
    }

    @Test("a record with a field of every kind comes back")
    func everything() throws {
        #expect(try Record.decode(Everything.self, Record.encode(Everything())) == Everything())
    }

    @Test(
        "every case of a choice comes back",
        arguments: [Backing.anonymous, .hugetlb(pageBytes: 1 << 30), .leaf(Leaf(id: 7))])
    func choice(backing: Backing) throws {
        #expect(try Record.decode(Backing.self, Record.encode(backing)) == backing)
    }

    @Test("empty lists come back")
    func emptyLists() throws {
        #expect(try Record.decode([UInt64].self, Record.encode([UInt64]())) == [])
        #expect(try Record.decode([UInt8].self, Record.encode([UInt8]())) == [])
        #expect(try Record.decode([Leaf].self, Record.encode([Leaf]())) == [])
    }

    @Test("lists of lists and lists of optionals come back")
    func nestedLists() throws {
        let lists: [[UInt64]] = [[1], [], [2, 3]]
        #expect(try Record.decode([[UInt64]].self, Record.encode(lists)) == lists)
        let optionals: [UInt64?] = [1, nil, 3]
        #expect(try Record.decode([UInt64?].self, Record.encode(optionals)) == optionals)
    }

    @Test("a thousand records of one type write their names once")
    func compact() {
        let leaves = (0..<1000).map { Leaf(id: UInt32($0 % 100)) }
        let bytes = Record.encode(leaves)
        // Kind, shape index, kind and number: four bytes a record, and a little once.
        #expect(bytes.count <= 4 * 1000 + 24)
    }

    @Test("equal values give equal bytes")
    func deterministic() {
        #expect(Record.encode(Everything()) == Record.encode(Everything()))
    }
}
