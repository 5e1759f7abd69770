// SPDX-License-Identifier: Apache-2.0

import Record
import Testing

@Suite("Versions meet")
struct EvolutionTests {
    @Test("a newer reader takes an older stream")
    func olderStream() throws {
        let bytes = Record.encode(TimerOne(count: 7, milliseconds: 3))
        let timer = try Record.decode(TimerTwo.self, bytes)
        #expect(timer == TimerTwo(count: 7, nanoseconds: 3_000_000, periodic: false))
    }

    @Test("an older reader refuses a newer stream by its version")
    func newerStream() {
        let bytes = Record.encode(TimerTwo(count: 7, nanoseconds: 1, periodic: true))
        #expect(
            message { () throws(RecordError) in try Record.decode(TimerOne.self, bytes) }
                == "timer: version 2 is newer than the 1 that this build reads")
    }

    @Test("a type that opts in passes over newer versions and unknown fields")
    func tolerant() throws {
        let bytes = Record.encode(TimerTwo(count: 7, nanoseconds: 1, periodic: true))
        #expect(try Record.decode(Loose.self, bytes).count == 7)
    }

    @Test("a record reads fields in another order than they were written")
    func order() throws {
        struct Swapped: Recordable {
            static let recordName = "timer"
            init() {}
            func encode(into fields: inout RecordEncoder) {
                fields.put("milliseconds", UInt32(3))
                fields.put("count", UInt32(7))
            }
            init(from fields: inout RecordDecoder) throws(RecordError) {}
        }
        let timer = try Record.decode(TimerOne.self, Record.encode(Swapped()))
        #expect(timer == TimerOne(count: 7, milliseconds: 3))
    }

    @Test("a number may change its width and signedness between versions as long as it fits")
    func widths() throws {
        #expect(try Record.decode(Int16.self, Record.encode(UInt64(300))) == 300)
        #expect(try Record.decode(UInt8.self, Record.encode(Int64(255))) == 255)
    }
}
