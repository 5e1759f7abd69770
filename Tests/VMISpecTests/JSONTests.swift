// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import VMISpec

@Suite("JSON")
struct JSONTests {
    @Test(
        "is read and written back byte for byte",
        arguments: [
            "null", "true", "false", "0", "-0", "1", "-1", "9223372036854775807", "-9223372036854775808",
            "9223372036854775808", "123456789012345678901234567890", "1.5", "1e5", "1E+5", "-0.0", "1e-400", "1e400",
            "\"\"",
            "\"a\"", "\"\\\"\\\\\"", "\"\\n\\r\\t\"", "\"\\u0000\\u001f\\u007f\"", "\"é\"", "\"𝄞\"", "\"/\"", "[]",
            "{}", "[1]",
            "[[],{}]", "{\"a\":1}", "{\"b\":1,\"a\":2}", "{\"\":null}", "[1,\"2\",true,null,{\"a\":[0.1]}]",
        ])
    func roundTrip(_ text: String) throws {
        #expect(try JSONValue(parsing: Array(text.utf8)).text() == text)
    }

    @Test(
        "may hold spaces and escapes",
        arguments: [
            (" \t\r\n[ 1 , 2 ] \n", "[1,2]"), ("{ \"a\" : { } }", "{\"a\":{}}"), ("\"\\u0041\"", "\"A\""),
            ("\"\\/\\b\\f\"", "\"/\\u0008\\u000c\""), ("\"\\ud834\\udd1e\"", "\"𝄞\""), ("\"\\uD834\\uDD1E\"", "\"𝄞\""),
            ("\"\\u00e9\"", "\"é\""), ("\"\u{7F}\"", "\"\\u007f\""),
        ])
    func spaces(_ text: String, _ written: String) throws {
        #expect(try JSONValue(parsing: Array(text.utf8)).text() == written)
    }

    @Test(
        "outside the grammar is refused where it goes wrong",
        arguments: [
            ("", 0), (" ", 1), ("nul", 3), ("nulL", 3), ("True", 0), ("+1", 0), ("01", 1), ("-", 1), ("-a", 1),
            ("1.", 2), (".5", 0),
            ("1.e5", 2), ("1e", 2), ("1e+", 3), ("0x10", 1), ("1 2", 2), ("[", 1), ("[1", 2), ("[1,", 3), ("[1,]", 3),
            ("[,1]", 1),
            ("[1 2]", 3), ("{", 1), ("{a:1}", 1), ("{\"a\"}", 4), ("{\"a\":}", 5), ("{\"a\":1,}", 7), ("{\"a\" 1}", 5),
            ("{1:2}", 1),
            ("{\"a\":1 \"b\":2}", 7), ("{\"a\":1,\"a\":2}", 7), ("{\"a\":1,\"\\u0061\":2}", 7), ("\"", 0), ("\"abc", 0),
            ("\"\\\"", 0),
            ("\"\\x\"", 2), ("\"\\u12\"", 5), ("\"\\uD834\"", 3), ("\"\\uD834\\n\"", 3), ("\"\\uDD1E\"", 3),
            ("\"\\uD834\\uD834\"", 3),
            ("\"a\nb\"", 2), ("\"a\tb\"", 2), ("\"\u{0}\"", 1), ("'a'", 0), ("NaN", 0), ("Infinity", 0), ("[1]]", 3),
            ("{}{}", 2), ("// a", 0),
            ("/* */ 1", 0), ("\u{FEFF}1", 0), ("1\u{A0}", 1), ("]", 0), ("}", 0), (":", 0), (",", 0),
        ])
    func refusal(_ text: String, _ offset: Int) {
        do throws(JSONSyntaxError) {
            let value = try JSONValue(parsing: Array(text.utf8))
            Issue.record("was read as \(value)")
        } catch {
            #expect(error.offset == offset)
        }
    }

    @Test(
        "that is not UTF-8 is refused",
        arguments: [
            [0x22, 0xFF, 0x22], [0x22, 0xC3, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22],
            [0x22, 0xF5, 0x80, 0x80, 0x80, 0x22], [0x22, 0x80, 0x22], [0x22, 0xE2, 0x82], [0xFF, 0xFE, 0x31, 0x00],
            [0x31, 0x00],
        ] as [[UInt8]])
    func encoding(_ bytes: [UInt8]) {
        #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: bytes) }
    }

    @Test("nested to the limit is read, and one level deeper refused")
    func depth() throws {
        let limit = JSONLimits.manifest.depth
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            func nested(_ depth: Int) -> [UInt8] {
                Array((String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth)).utf8)
            }
            let value = try JSONValue(parsing: nested(limit))
            #expect(value.encoded() == nested(limit))
            #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: nested(limit + 1)) }
            #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: nested(300_000)) }
        }
        #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: [UInt8](repeating: 0x5B, count: 3 << 20)) }
    }

    @Test("beyond the limits of size and count is refused")
    func limits() {
        let small = JSONLimits(bytes: 10, depth: 4, values: 3)
        #expect(throws: Never.self) { try JSONValue(parsing: Array("[1,2]".utf8), limits: small) }
        #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: Array("[1,2,3]".utf8), limits: small) }
        #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: Array("\"123456789\"".utf8), limits: small) }
    }

    @Test("of one value is always the same text, with sorted keys if asked")
    func determinism() throws {
        let value: JSONValue = .object(["b": .integer(1), "a": .array([.bool(true), .null]), "c": .object([:])])
        #expect(value.text() == #"{"b":1,"a":[true,null],"c":{}}"#)
        #expect(value.text(sortedKeys: true) == #"{"a":[true,null],"b":1,"c":{}}"#)
        #expect(
            value.text(indentation: 2, sortedKeys: true)
                == "{\n  \"a\": [\n    true,\n    null\n  ],\n  \"b\": 1,\n  \"c\": {}\n}")
        #expect(try value == JSONValue(parsing: value.encoded(sortedKeys: true)))
    }

    @Test("numbers are made of every kind of number that JSON has words for")
    func numbers() {
        #expect(JSONNumber(UInt64.max).text == "18446744073709551615")
        #expect(JSONNumber(UInt64.max).integer == nil)
        #expect(JSONNumber(1.5)?.text == "1.5")
        #expect(JSONNumber(3.0)?.integer == 3)
        #expect(JSONNumber(Double.nan) == nil)
        #expect(JSONNumber(-Double.infinity) == nil)
    }

    @Test("errors name the line and the column")
    func position() {
        do throws(JSONSyntaxError) {
            _ = try JSONValue(parsing: Array("{\n  \"a\": x\n}".utf8))
            Issue.record("was read")
        } catch {
            #expect(error.description == "line 2, column 8: A value is expected here")
        }
    }
}
