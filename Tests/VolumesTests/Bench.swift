// SPDX-License-Identifier: Apache-2.0

import Control
import Glibc
import Linux
import Testing
import VMISpec
import Volumes

/// A host of its own for a test, with what stands for claims, images, ConfigMaps and Secrets; removed with it.
final class Bench {
    let path: String
    var sources: VolumeSources

    init() throws {
        var template = Array("/tmp/apus-volumes-XXXXXX".utf8CString)
        path = try #require(mkdtemp(&template).map { String(cString: $0) })
        sources = VolumeSources(directory: "\(path)/run", cache: "\(path)/cache")
        sources.environment = ["HOME": path, "PATH": "/usr/bin:/bin"]
        mkdir("\(path)/run", 0o700)
    }

    deinit { _ = try? Self.output("/bin/rm", ["-rf", path]) }

    func write(_ name: String, _ text: String) throws { try write(name, Array(text.utf8)) }

    func write(_ name: String, _ bytes: [UInt8]) throws {
        var place = path
        for part in name.split(separator: "/").dropLast() {
            place += "/\(part)"
            mkdir(place, 0o700)
        }
        try FileDescriptor.open("\(path)/\(name)", O_WRONLY | O_CREAT | O_TRUNC).writeAll(bytes)
    }

    /// What a program writes; its end must be good.
    @discardableResult
    static func output(_ program: String, _ arguments: [String]) throws -> String {
        let output = try FileDescriptor.memory(named: "output")
        var child = try ChildProcess(
            program, arguments, environment: ["PATH=/usr/bin:/bin", "HOME=/tmp", "LC_ALL=C"],
            passing: [.init(output.raw, as: 1), .init(output.raw, as: 2)])
        let end = child.end(waiting: true)
        lseek(output.raw, 0, SEEK_SET)
        let text = String(decoding: try output.readAll(limit: 1 << 20), as: UTF8.self)
        #expect(end == .exited(0), "\(program) \(arguments): \(text)")
        return text
    }

    /// The instance that has these volumes, each with a disk.
    static func instance(_ volumes: [String], more: String = "") throws -> VirtualMachineInstance {
        let disks = volumes.indices.map { #"{"name":"v\#($0)","disk":{"bus":"virtio"}}"# }.joined(separator: ",")
        let named = volumes.enumerated().map { #"{"name":"v\#($0)",\#($1)}"# }.joined(separator: ",")
        let text = """
            {"apiVersion":"kubevirt.io/v1","kind":"VirtualMachineInstance","metadata":{"name":"vm"},
             "spec":{"volumes":[\(named)]\(more),"domain":{"memory":{"guest":"64Mi"},
               "firmware":{"kernelBoot":{"container":{"image":"k","kernelPath":"/kernel"}}},
               "devices":{"autoattachPodInterface":false,"disks":[\(disks)]}}}}
            """
        return try VMIManifest.parse(try JSONValue(parsing: Array(text.utf8))).instance
    }

    /// The disk of the first volume.
    func disk(_ volume: String, more: String = "", readOnly: Bool = false) throws -> VolumeDisk {
        let instance = try Self.instance([volume], more: more)
        let attached = try #require(instance.spec.attachedDisks.first)
        return try sources.disk(
            for: attached.volume, isReadOnly: readOnly || attached.isReadOnly, field: "spec.volumes[0]", of: instance)
    }

    /// The files of an ISO disk by path, and its label.
    func content(of image: String) throws -> (label: String, files: [String: String]) {
        let folder = "\(path)/content"
        try Self.output("/bin/rm", ["-rf", folder])
        try Self.output("/usr/bin/xorriso", ["-osirrox", "on", "-indev", image, "-extract", "/", folder])
        try Self.output("/bin/chmod", ["-R", "u+rwX", folder])
        let names = try Self.output("/usr/bin/find", [folder, "-type", "f", "-printf", "%P\n"])
        var files: [String: String] = [:]
        for name in names.split(separator: "\n") {
            let bytes = try FileDescriptor.open("\(folder)/\(name)", O_RDONLY).readAll(limit: 1 << 20)
            files[String(name)] = String(decoding: bytes, as: UTF8.self)
        }
        let start = try FileDescriptor.open(image, O_RDONLY).readAll(limit: 1 << 24)
        let label = String(decoding: start[0x8028..<0x8048], as: UTF8.self)
        return (String(label.prefix { $0 != " " }), files)
    }
}
