// SPDX-License-Identifier: Apache-2.0

import Foundation
import GuestMemory
import Testing

@testable import Boot

@Suite("ACPI tables")
struct ACPITests {
    struct Machine: CustomTestStringConvertible, Sendable {
        var name: String
        var platform: PlatformDescription
        var testDescription: String { name }
    }

    static func machine(
        _ name: String, cpus: Int, gibibytes: UInt64, nodes: Int = 0, physicalBits: Int = 46, devices: Bool = true
    ) -> Machine {
        let memory = RAMLayout(bytes: gibibytes << 30)
        let share = nodes == 0 ? 0 : memory.bytes / UInt64(nodes)
        let platform = PlatformDescription(
            cpus: (0..<cpus).map { .init(apicID: UInt32($0), node: nodes == 0 ? 0 : $0 % nodes) }, memory: memory,
            physicalBits: physicalBits,
            nodes: (0..<nodes).map { node in
                .init(
                    memory: memory.runs(offset: UInt64(node) * share, count: share),
                    distances: (0..<nodes).map { $0 == node ? 10 : 21 })
            }, serial: devices, rtc: devices, pvpanic: devices)
        return Machine(name: name, platform: platform)
    }

    static let machines = [
        machine("one CPU", cpus: 1, gibibytes: 1),
        machine("two CPUs, nothing on the ISA bus", cpus: 2, gibibytes: 1, devices: false),
        machine("four CPUs, two nodes", cpus: 4, gibibytes: 8, nodes: 2),
        machine("300 CPUs, three nodes", cpus: 300, gibibytes: 12, nodes: 3),
        machine("2000 CPUs", cpus: 2000, gibibytes: 3),
        machine("36-bit addresses with RAM to the brim", cpus: 1, gibibytes: 62, physicalBits: 36),
    ]

    @Test("every table sums to zero and has the length it says", arguments: machines)
    func checksums(_ machine: Machine) {
        let tables = ACPITables(platform: machine.platform, at: 0xE0040)
        for (signature, bytes) in tables.tables {
            #expect(bytes.load(UInt32.self, at: 4) == UInt32(bytes.count), "\(signature)")
            if signature != "FACS" { #expect(bytes.reduce(0, &+) == 0, "\(signature)") }
        }
        #expect(tables.rsdp.count == 36)
        #expect(tables.rsdp.prefix(20).reduce(0, &+) == 0)
        #expect(tables.rsdp.reduce(0, &+) == 0)
    }

    @Test("iasl takes every table apart without an error or a warning, and the DSDT back together", arguments: machines)
    func disassembly(_ machine: Machine) throws {
        let iasl = "/usr/bin/iasl"
        try #require(FileManager.default.isExecutableFile(atPath: iasl), "the package acpica-tools is missing")
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("acpi-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for (signature, bytes) in ACPITables(platform: machine.platform, at: 0xE0040).tables {
            let name = signature.lowercased()
            try Data(bytes).write(to: folder.appendingPathComponent("\(name).dat"))
            let report = try run(iasl, ["-d", "\(name).dat"], in: folder)
            #expect(report.status == 0, "\(signature): \(report.output)")
            #expect(!complains(report.output), "\(signature): \(report.output)")
            let source = try String(contentsOf: folder.appendingPathComponent("\(name).dsl"), encoding: .utf8)
            #expect(!complains(source) && !source.contains("Unknown"), "\(signature): \(source)")
            guard signature == "DSDT" else { continue }
            let again = try run(iasl, ["-we", "-p", "again", "\(name).dsl"], in: folder)
            #expect(again.status == 0, "\(again.output)")
            #expect(again.output.contains("0 Errors, 0 Warnings, 0 Remarks"), "\(again.output)")
            let compiled = try [UInt8](Data(contentsOf: folder.appendingPathComponent("again.aml")))
            #expect(Array(compiled.dropFirst(36)) == Array(bytes.dropFirst(36)), "our AML is not what iasl would write")
        }
    }

    private func complains(_ text: String) -> Bool {
        text.split(separator: "\n").contains { line in
            line.contains("Error") || line.contains("Warning") || line.contains("**** ")
        }
    }

    private func run(_ tool: String, _ arguments: [String], in folder: URL) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: tool)
        process.arguments = arguments
        process.currentDirectoryURL = folder
        let log = folder.appendingPathComponent("log.txt")
        try Data().write(to: log)
        let handle = try FileHandle(forWritingTo: log)
        process.standardOutput = handle
        process.standardError = handle
        try process.run()
        process.waitUntilExit()
        return (process.terminationStatus, try String(contentsOf: log, encoding: .utf8))
    }
}
