// SPDX-License-Identifier: Apache-2.0

import Record
import Testing

@Suite("Errors name their place")
struct ErrorPathTests {
    struct Machine: Recordable {
        static let recordName = "machine"
        var vcpus: [VCPU]
        init(vcpus: [VCPU]) { self.vcpus = vcpus }
        func encode(into fields: inout RecordEncoder) { fields.put("vcpus", vcpus) }
        init(from fields: inout RecordDecoder) throws(RecordError) { vcpus = try fields.take("vcpus") }
    }

    struct VCPU: Recordable {
        static let recordName = "vcpu"
        var fields: [(String, RecordValue)]
        init(_ fields: [(String, RecordValue)]) { self.fields = fields }
        func encode(into encoder: inout RecordEncoder) {
            for (name, value) in fields { encoder.put(name, value) }
        }
        init(from fields: inout RecordDecoder) throws(RecordError) {
            let apic: [UInt8] = try fields.take("apic")
            let priority: UInt8 = try fields.take("priority", default: 0)
            guard priority < 16 else { throw fields.invalid("priority", "must be below 16") }
            self.fields = [("apic", .bytes(apic))]
        }
    }

    static let cases: [([(String, RecordValue)], String)] = [
        ([("apic", .text("x"))], "machine.vcpus[2].apic: expected bytes, found text"),
        ([("apic", .absent)], "machine.vcpus[2].apic: expected bytes, found absent"),
        ([], "machine.vcpus[2].apic: missing"),
        ([("apic", .bytes([])), ("foo", .bool(true))], "machine.vcpus[2].foo: unknown field"),
        ([("apic", .bytes([])), ("priority", .unsigned(256))], "machine.vcpus[2].priority: 256 does not fit UInt8"),
        ([("apic", .bytes([])), ("priority", .signed(-1))], "machine.vcpus[2].priority: -1 does not fit UInt8"),
        ([("apic", .bytes([])), ("priority", .unsigned(16))], "machine.vcpus[2].priority: must be below 16"),
        (
            [("apic", .bytes([])), ("priority", .bytes([1]))],
            "machine.vcpus[2].priority: expected unsigned, found bytes"
        ),
    ]

    @Test("a wrong field is told with its path", arguments: cases)
    func wrongField(fields: [(String, RecordValue)], expected: String) {
        let good = VCPU([("apic", .bytes([1]))])
        let bytes = Record.encode(Machine(vcpus: [good, good, VCPU(fields)]))
        #expect(message { () throws(RecordError) in try Record.decode(Machine.self, bytes) } == expected)
    }

    @Test("a number too wide inside a packed list is told by its index")
    func packed() {
        let bytes = Record.encode([1, 70_000] as [UInt32])
        #expect(
            message { () throws(RecordError) in try Record.decode([UInt16].self, bytes) }
                == "[1]: 70000 does not fit UInt16")
    }

    @Test("an unknown case is told by its name")
    func unknownCase() {
        let bytes = Record.encode([Leaf(id: 1)])
        #expect(
            message { () throws(RecordError) in try Record.decode([Everything].self, bytes) }
                == "[0]: expected record everything, found record leaf")
        let machine = Record.encode([Machine(vcpus: [])])
        #expect(
            message { () throws(RecordError) in try Record.decode([Backing].self, machine) }
                == "[0]: unknown case machine")
        #expect(
            message { () throws(RecordError) in try Record.decode(Level.self, Record.encode(UInt8(2))) }
                == "unknown case 2")
    }

    @Test("a malformed value is told with its path")
    func malformed() {
        var bytes = Record.encode(Machine(vcpus: [VCPU([("apic", .text("aa"))])]))
        bytes[bytes.count - 1] = 0xFF
        #expect(
            message { () throws(RecordError) in try Record.parse(bytes) }
                == "machine.vcpus[0].apic: text is not UTF-8")
    }
}
