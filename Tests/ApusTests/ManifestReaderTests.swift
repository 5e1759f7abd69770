// SPDX-License-Identifier: Apache-2.0

import Supervisor
import Testing
import VMISpec

@testable import apus

@Suite("Manifests in YAML")
struct ManifestReaderTests {
    @Test(
        "YAML becomes the JSON it stands for",
        arguments: [
            ("a: 1\nb: [x, true, null, '1', 1.5]", #"{"a":1,"b":["x",true,null,"1",1.5]}"#),
            ("a: &x {k: v}\nb: *x", #"{"a":{"k":"v"},"b":{"k":"v"}}"#),
            ("a: &x {k: v, l: w}\nb: {<<: *x, k: z}", #"{"a":{"k":"v","l":"w"},"b":{"k":"z","l":"w"}}"#),
            ("a: !!str 5\nb: 0x10", #"{"a":"5","b":16}"#),
            (#"{"a": {"b": [1]}}"#, #"{"a":{"b":[1]}}"#),
        ])
    func converted(_ yaml: String, _ json: String) throws {
        let value = try ManifestReader.parse(Array(yaml.utf8), name: "f.yaml")
        #expect(value == (try JSONValue(parsing: Array(json.utf8))))
    }

    @Test(
        "what is no manifest is refused in one line that names the file",
        arguments: [
            ("a: [b", "f.yaml:"), ("a: 1\na: 2", "the same key"), ("", "is empty"),
            ("a: 1\n---\nb: 2", "several documents"),
            ("a: !custom 5", "tag"), (#"{"a": 1"#, "is not valid JSON"), ("\u{0}\u{1}", "f.yaml"),
            ("? [a, b]\n: c", "a key must be a plain word"),
        ])
    func refused(_ yaml: String, _ message: String) throws {
        let error = try #require(throws: SupervisorError.self) {
            _ = try ManifestReader.parse(Array(yaml.utf8), name: "f.yaml")
        }
        #expect(error.description.contains(message) && error.description.hasPrefix("f.yaml"), "\(error)")
        #expect(!error.description.contains("\n"))
    }

    @Test("a document of nested aliases is refused, not expanded")
    func laughs() {
        var yaml = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
        for level in 1..<9 {
            yaml +=
                "a\(level): &a\(level) [" + Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", ") + "]\n"
        }
        #expect(throws: SupervisorError.self) { _ = try ManifestReader.parse(Array(yaml.utf8), name: "f.yaml") }
        var narrow = "a0: &a0 [\(Array(repeating: "x", count: 100).joined(separator: ","))]\n"
        for level in 1..<12 { narrow += "a\(level): &a\(level) [*a\(level - 1), *a\(level - 1)]\n" }
        #expect(throws: SupervisorError.self) { _ = try ManifestReader.parse(Array(narrow.utf8), name: "f.yaml") }
    }
}
