// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Storage
import VMISpec

/// `apus image info FILE`.
struct ImageInfo: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "info", abstract: "Show what a disk image is.")

    @Argument(help: "The image.")
    var file: String

    @Flag(help: "Write JSON.")
    var json = false

    func run() throws {
        try Output.reporting {
            let facts = try ImageDescription(file)
            guard json else { return Output.write(facts.text) }
            Output.write(facts.json.text(indentation: 2) + "\n")
        }
    }
}

extension ImageDescription {
    /// Lines for people.
    var text: String {
        var rows = [
            ("file", file), ("format", format == .raw ? "raw" : "qcow2"),
            ("virtual size", "\(ImageSize.text(virtualBytes)) (\(virtualBytes) bytes)"),
            ("disk size", ImageSize.text(allocatedBytes)),
        ]
        if let header {
            rows += [
                ("version", "\(header.version)"), ("cluster size", ImageSize.text(header.clusterBytes)),
                ("refcount bits", "\(1 << header.refcountOrder)"), ("features", features.joined(separator: ", ")),
                ("compression", header.compression == .zlib ? "zlib" : "zstd"),
            ]
            if let backing = header.backing { rows.append(("backing file", backing)) }
            if let format = header.backingFormat { rows.append(("backing format", format)) }
            if let data = header.dataFile { rows.append(("data file", data)) }
        }
        rows += snapshots.map {
            ("snapshot \($0.identifier)", "\($0.name), \(ImageSize.text($0.diskBytes ?? virtualBytes))")
        }
        let width = (rows.map(\.0.count).max() ?? 0) + 2
        return rows.filter { !$0.1.isEmpty }.map { name, value in
            "\(name):\(String(repeating: " ", count: width - name.count))\(value)\n"
        }.joined()
    }

    /// The same for programs.
    var json: JSONValue {
        var members: [(String, JSONValue)] = [
            ("file", .string(file)), ("format", .string(format == .raw ? "raw" : "qcow2")),
            ("virtualSize", .number(JSONNumber(virtualBytes))), ("diskSize", .number(JSONNumber(allocatedBytes))),
        ]
        if let header {
            members += [
                ("version", .number(JSONNumber(Int64(header.version)))),
                ("clusterSize", .number(JSONNumber(header.clusterBytes))),
                ("refcountBits", .number(JSONNumber(Int64(1) << Int64(header.refcountOrder)))),
                ("compression", .string(header.compression == .zlib ? "zlib" : "zstd")),
                ("features", .array(features.map(JSONValue.string))),
                ("backingFile", header.backing.map(JSONValue.string) ?? .null),
                ("backingFormat", header.backingFormat.map(JSONValue.string) ?? .null),
                ("dataFile", header.dataFile.map(JSONValue.string) ?? .null),
                (
                    "snapshots",
                    .array(
                        snapshots.map {
                            .object([
                                "id": .string($0.identifier), "name": .string($0.name),
                                "date": .number(JSONNumber(Int64($0.seconds))),
                            ])
                        })
                ),
            ]
        }
        var object = JSONObject()
        for (name, value) in members { object[name] = value }
        return .object(object)
    }
}
