// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// The house plan, held against the package and its sources.
@Suite("The rooms")
struct RoomTests {
    /// Rooms by storey, ground floor first; a room may only use rooms of lower storeys.
    static let storeys: [[String]] = [
        ["CLinux", "CKVM", "CSeccomp", "CCapability", "CCompression"],
        ["Linux", "Record"],
        ["GuestMemory", "Bus", "Sandbox", "Storage", "Network", "Control"],
        ["KVM", "PCI", "Boot"],
        ["Virtio"],
        ["Devices"],
        ["Machine"],
        ["apus-launcher"],
        // ---- the wall ----
        ["VMISpec", "HTTP"],
        ["Volumes", "PodNetwork", "GuestAgent", "HostCheck"],
        ["Supervisor"],
        ["apus-supervisor", "apus"],
    ]
    static let belowTheWall = Set(storeys[..<8].joined())
    /// What both sides of the wall use.
    static let shared: Set<String> = ["Record", "Control", "Linux", "CLinux"]

    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    static func storey(of room: String) -> Int? { storeys.firstIndex { $0.contains(room) } }

    /// Swift sources of a room.
    static func sources(of room: String) throws -> [URL] {
        let folder = root.appendingPathComponent("Sources/\(room)")
        let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
        return (files?.allObjects as? [URL] ?? []).filter { $0.pathExtension == "swift" }
    }

    /// Modules that a source file imports.
    static func imports(of file: URL) throws -> [String] {
        try String(contentsOf: file, encoding: .utf8).split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ")
            guard let i = words.firstIndex(of: "import"), i <= 2, words.count > i + 1,
                words[..<i].allSatisfy({
                    $0.hasPrefix("@") || ["public", "internal", "package", "private"].contains($0)
                })
            else { return nil }
            return String(words[i + 1])
        }
    }

    @Test("every folder of Sources has its place in the plan, and every place its folder")
    func complete() throws {
        let folders = try FileManager.default.contentsOfDirectory(
            atPath: Self.root.appendingPathComponent("Sources").path)
        #expect(Set(folders) == Set(Self.storeys.joined()))
    }

    @Test("a room imports only rooms of lower storeys", arguments: storeys.joined().map { $0 })
    func downward(room: String) throws {
        let own = try #require(Self.storey(of: room))
        for file in try Self.sources(of: room) {
            for module in try Self.imports(of: file) {
                guard let other = Self.storey(of: module) else { continue }
                #expect(other < own, "\(file.lastPathComponent) of \(room) imports \(module), which is not below it")
            }
        }
    }

    @Test(
        "the rooms above the wall use of those below only what both sides share",
        arguments: storeys[8...].joined().map { $0 })
    func wall(room: String) throws {
        // The host check asks KVM what it offers, as the launcher would.
        var allowed = room == "HostCheck" ? Self.shared.union(["KVM"]) : Self.shared
        // What makes, checks and converts images knows their formats.
        if room == "apus" || room == "Volumes" { allowed.insert("Storage") }
        for file in try Self.sources(of: room) {
            for module in try Self.imports(of: file) where Self.belowTheWall.contains(module) {
                #expect(allowed.contains(module), "\(file.lastPathComponent) of \(room) imports \(module)")
            }
        }
    }

    @Test("nothing below the wall imports Foundation or uses Swift concurrency", arguments: belowTheWall.sorted())
    func foundation(room: String) throws {
        for file in try Self.sources(of: room) {
            for module in try Self.imports(of: file) {
                #expect(
                    !["Foundation", "FoundationEssentials", "Dispatch"].contains(module), "\(file.lastPathComponent)")
            }
            let text = try String(contentsOf: file, encoding: .utf8)
            #expect(
                text.firstMatch(of: /(?m)^[^\/\n]*\b(await|actor)\s/) == nil, "\(file.lastPathComponent) of \(room)")
        }
    }

    @Test("devices do not know KVM")
    func devices() throws {
        for room in ["Bus", "PCI", "Virtio", "Devices", "Storage", "Network"] {
            for file in try Self.sources(of: room) {
                #expect(try !Self.imports(of: file).contains("KVM"), "\(file.lastPathComponent) of \(room)")
            }
        }
    }

    @Test("every source says its license first and has at most 400 lines")
    func files() throws {
        for room in Self.storeys.joined() {
            for file in try Self.sources(of: room) {
                let lines = try String(contentsOf: file, encoding: .utf8).split(
                    separator: "\n", omittingEmptySubsequences: false)
                #expect(lines.first == "// SPDX-License-Identifier: Apache-2.0", "\(file.lastPathComponent)")
                #expect(lines.count <= 401, "\(file.lastPathComponent) has \(lines.count) lines")
            }
        }
    }
}
