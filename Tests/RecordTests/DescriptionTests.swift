// SPDX-License-Identifier: Apache-2.0

import Record
import Testing

@Suite("Streams can be read by people")
struct DescriptionTests {
    @Test("a dump shows names, versions and values")
    func dump() {
        let bytes = Record.encode([TimerOne(count: 7, milliseconds: 3)])
        #expect(
            Record.describe(bytes) == """
                [
                  timer/1 {
                    count: 7
                    milliseconds: 3
                  }
                ]
                """)
    }

    @Test("a dump of malformed bytes says why")
    func malformed() {
        #expect(Record.describe([1, 2, 3]) == "unreadable record: not a record stream")
    }

    @Test("JSON shows names, versions and values")
    func json() throws {
        let value = RecordValue.list([.absent, .bool(false), .signed(-3), .bytes([10, 255]), .numbers([1, 2])])
        #expect(try Record.json(Record.encode(value)) == #"[null,false,-3,"0aff",[1,2]]"#)
        #expect(try Record.json(Record.encode(Leaf(id: 5))) == #"{"@record":"leaf","@version":1,"id":5}"#)
    }

    @Test("a peer's text cannot break the line or the terminal")
    func escapes() throws {
        let text = "\u{1B}[2J\"\\\n\u{9B}"
        #expect(try Record.json(Record.encode(text)) == #""\u001b[2J\"\\\n\u009b""#)
    }
}
