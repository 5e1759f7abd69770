// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Supervisor
import VMISpec
import Yams

/// Reads a manifest's file, in YAML or JSON, as one JSON value.
enum ManifestReader {
    /// Most aliases of a YAML document; each may stand for all that came before it.
    static let mostAliases = 24

    /// Reads a file; `-` is standard input.
    /// - Throws: `SupervisorError` that names the file, and the line where there is one.
    static func read(_ file: String) throws(SupervisorError) -> JSONValue {
        let name = file == "-" ? "Standard input" : file
        let limit = JSONLimits.manifest.bytes
        let bytes: [UInt8]
        do throws(Errno) {
            bytes = try FileDescriptor.open(file == "-" ? "/proc/self/fd/0" : file, O_RDONLY).readAll(limit: limit)
        } catch {
            let reason =
                error.code == EFBIG ? "it has more than \(limit) bytes; is it a manifest?" : error.reason
            throw SupervisorError("\(name) cannot be read: \(reason)")
        }
        return try parse(bytes, name: name)
    }

    /// Reads a document; what begins with a brace is JSON.
    /// - Throws: `SupervisorError` that names the file and the line.
    static func parse(_ bytes: [UInt8], name: String) throws(SupervisorError) -> JSONValue {
        let first = bytes.first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
        if first == UInt8(ascii: "{") {
            do throws(JSONSyntaxError) { return try JSONValue(parsing: bytes) } catch {
                // What is no JSON may still be YAML in its flow style, whose error is told then.
                if bytes.starts(with: [0x7B, 0x22]) { throw SupervisorError("\(name) is not valid JSON: \(error)") }
            }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw SupervisorError("\(name) is not text in UTF-8; is it a manifest?")
        }
        guard aliases(in: bytes) <= mostAliases else {
            throw SupervisorError("\(name) has more than \(mostAliases) aliases; write their values out")
        }
        let node: Node
        do {
            let parser = try Parser(yaml: text)
            guard let root = try parser.nextRoot() else { throw SupervisorError("\(name) is empty; write a manifest") }
            if try parser.nextRoot() != nil {
                throw SupervisorError("\(name) holds several documents; give one manifest")
            }
            node = root
        } catch let error as SupervisorError {
            throw error
        } catch let error as YamlError {
            throw SupervisorError("\(name)\(YAMLProblem(error))")
        } catch {
            throw SupervisorError("\(name) is not valid YAML: \(error)")
        }
        var conversion = YAMLConversion(name: name)
        return try conversion.value(node, depth: 0)
    }

    /// How many words look like aliases, where there are anchors for them: what Yams does with one takes time that
    /// grows with what it stands for.
    private static func aliases(in bytes: [UInt8]) -> Int {
        var counts: [UInt8: Int] = [:]
        var previous: UInt8 = 0x0A
        for (index, byte) in bytes.enumerated() {
            defer { previous = byte }
            guard byte == UInt8(ascii: "*") || byte == UInt8(ascii: "&") else { continue }
            let opens = [0x20, 0x09, 0x0A, 0x0D, 0x5B, 0x7B, 0x2C].contains(previous)
            let next = index + 1 < bytes.count ? bytes[index + 1] : 0x20
            let names = ![0x20, 0x09, 0x0A, 0x0D, 0x26, 0x2A].contains(next)
            if opens, names { counts[byte, default: 0] += 1 }
        }
        return counts[UInt8(ascii: "&")] == nil ? 0 : counts[UInt8(ascii: "*")] ?? 0
    }
}
