// SPDX-License-Identifier: Apache-2.0

import Control
import Glibc
import Linux
import Record
import Supervisor
import Testing
import VMISpec

/// A folder of its own for a test, with an image, a disk and fake launchers; removed with it.
final class Fixture {
    let path: String

    init() throws {
        var template = Array("/tmp/apus-test-XXXXXX".utf8CString)
        path = try #require(mkdtemp(&template).map { String(cString: $0) })
        mkdir("\(path)/image", 0o700)
        try write("image/kernel", [UInt8](repeating: 1, count: 4096))
        try write("disk.raw", [UInt8](repeating: 0, count: 4096))
    }

    deinit {
        if let child = try? ChildProcess("/bin/rm", ["-rf", path], environment: [], passing: []) {
            var child = child
            _ = child.end(waiting: true)
        }
    }

    func write(_ name: String, _ bytes: [UInt8], mode: UInt32 = 0o600) throws {
        try FileDescriptor.open("\(path)/\(name)", O_WRONLY | O_CREAT | O_TRUNC, mode: mode).writeAll(bytes)
    }

    /// What `XDG_RUNTIME_DIR/apus` holds.
    var leftovers: [String] {
        guard let directory = opendir("\(path)/apus") else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            names.append(
                withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                })
        }
        return names.filter { $0 != "." && $0 != ".." }
    }

    /// A program that says these events on its control channel and then does what the shell is told.
    func launcher(_ events: [ControlEvent], then script: String) throws -> [String: String] {
        var bytes: [UInt8] = []
        for event in events {
            let message = Record.encode(ControlMessage.event(event))
            let length = UInt32(message.count)
            bytes += (0..<4).map { UInt8(truncatingIfNeeded: length >> ($0 * 8)) } + [0, 0, 0, 0] + message
        }
        try write("events", bytes)
        try write("launcher", Array("#!/bin/sh\ncat \(path)/events >&3\n\(script)\n".utf8), mode: 0o700)
        return ["XDG_RUNTIME_DIR": path, "APUS_LAUNCHER": "\(path)/launcher", "PATH": "/usr/bin:/bin"]
    }

    static func manifest(
        name: String = "vm", domain: String = "", devices: String = "", volumes: String = "", grace: Int = 1,
        labels: String = "", probes: String = ""
    ) throws -> (VMIManifest, JSONValue) {
        let memory = domain.contains("\"memory\"") ? "" : #""memory":{"guest":"64Mi"},"#
        let text = """
            {"apiVersion":"kubevirt.io/v1","kind":"VirtualMachineInstance","metadata":{"name":"\(name)","labels":{\(labels)}},
             "spec":{\(probes)"terminationGracePeriodSeconds":\(grace),"volumes":[\(volumes)],"domain":{
               \(memory)
               "firmware":{"kernelBoot":{"kernelArgs":"quiet","container":{"image":"k","kernelPath":"/kernel"}}},
               \(domain)
               "devices":{"autoattachPodInterface":false\(devices)}}}}
            """
        let document = try JSONValue(parsing: Array(text.utf8))
        return (try VMIManifest.parse(document), document)
    }

    var options: LaunchOptions {
        var options = LaunchOptions()
        options.images = ["k": "\(path)/image"]
        return options
    }
}
