// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import VMISpec

@Suite("Fields are explained")
struct FieldGuideTests {
    @Test(
        "a field is found however its lists are written",
        arguments: [
            "spec.domain.devices.disks[].disk.bus", "spec.domain.devices.disks.disk.bus",
            "vmi.spec.domain.devices.disks[0].disk.bus",
            "spec.template.spec.domain.devices.disks.disk.bus",
        ])
    func spelling(_ path: String) throws {
        let entry = try FieldGuide.entry(path)
        #expect(entry.path == "spec.domain.devices.disks[].disk.bus")
        #expect(entry.type == "string")
        #expect(entry.support.hasPrefix("only virtio") || entry.support == "works")
    }

    @Test("what this version makes of a field is what the decoder makes of it")
    func support() throws {
        #expect(try FieldGuide.entry("spec.domain.cpu.cores").support == "works")
        #expect(try FieldGuide.entry("spec.domain.launchSecurity").support.hasPrefix("refused: encrypted guests"))
        #expect(try FieldGuide.entry("spec.runStrategy").type == "string")
        #expect(
            try FieldGuide.entry("spec.livenessProbe.httpGet.port").text
                == FieldGuide.entry("spec.readinessProbe.httpGet.port").text)
    }

    @Test("the fields below are listed with their kinds")
    func fields() throws {
        let names = try FieldGuide.entry("spec.domain.cpu").fields.map(\.name)
        #expect(
            names.contains("cores") && names.contains("realtime") && !names.contains("numa.guestMappingPassthrough"))
        #expect(try FieldGuide.entry("spec").fields.contains { $0.name == "domain" && $0.type == "Object" })
    }

    @Test("what is no field is told with the nearest")
    func unknown() throws {
        let error = try #require(throws: UnknownField.self) { _ = try FieldGuide.entry("spec.domain.cpu.core") }
        #expect(error.description.contains("did you mean spec.domain.cpu.cores?"))
        #expect(throws: UnknownField.self) {
            _ = try FieldGuide.entry("\u{1B}[31m" + String(repeating: "x", count: 5000))
        }
    }

    @Test("every row is about a field of the API")
    func rows() {
        let known = Set(APIFields.all.map { $0.hasSuffix("[]") ? String($0.dropLast(2)) : $0 })
        let below = ["httpGet", "tcpSocket", "exec", "persistentVolumeClaim", "hostDisk"]
        for path in FieldGuide.rows.keys where path.hasPrefix("spec.") {
            let parts = path.split(separator: ".")
            #expect(known.contains(path) || below.contains(String(parts[parts.count - 2])), "\(path)")
        }
    }
}
