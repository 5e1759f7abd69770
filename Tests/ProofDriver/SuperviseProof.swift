// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Storage

/// A launcher killed at any moment: its supervisor says so in one line, tells its listeners, cleans up and exits.
struct SuperviseProof: Proof {
    static let name = "supervise"

    private let stage: Stage
    private let supervisor: String
    private let disk: String
    private let runtime: String
    private let manifest: [UInt8]
    private var beforeRunning = 0
    private var whileRunning = 0
    private var whileStopping = 0
    private var heard = 0

    init(_ stage: Stage) throws {
        self.stage = stage
        let folder = stage.launcher.lastIndex(of: "/").map { stage.launcher[...$0] } ?? ""
        supervisor = "\(folder)apus-supervisor"
        guard access(supervisor, X_OK) == 0 else { throw ProofFailure("\(supervisor) is missing: build it") }
        disk = try stage.disk("supervise.img", mebibytes: 8)
        runtime = "\(stage.scratch)/runtime"
        mkdir(runtime, 0o700)
        manifest = Array(
            """
            {"apiVersion":"kubevirt.io/v1","kind":"VirtualMachineInstance","metadata":{"name":"prey"},"spec":{
             "terminationGracePeriodSeconds":2,
             "volumes":[{"name":"d","persistentVolumeClaim":{"claimName":"d"}}],"domain":{"memory":{"guest":"64Mi"},
             "firmware":{"kernelBoot":{"kernelArgs":"mode=randwrite seconds=600 depth=16 size=4M",
             "container":{"image":"k","kernelPath":"/blockdriver.elf"}}},
             "devices":{"autoattachPodInterface":false,"disks":[{"name":"d","disk":{"bus":"virtio"}}]}}}}
            """.utf8)
    }

    mutating func round(_ dice: inout Dice) throws {
        let input = try FileDescriptor.memory(named: "manifest")
        try input.writeAll(manifest)
        lseek(input.raw, 0, SEEK_SET)
        let errors = try FileDescriptor.memory(named: "errors")
        var process = try ChildProcess(
            supervisor, ["--file", "-", "--image", "k=\(stage.guests)", "--pvc", "d=\(disk)"],
            environment: ["XDG_RUNTIME_DIR=\(runtime)", "APUS_LAUNCHER=\(stage.launcher)", "PATH=/usr/bin:/bin"],
            passing: [.init(input.raw, as: 0), .init(errors.raw, as: 1), .init(errors.raw, as: 2)])
        let launcher = try child(of: process.id, errors)
        // As likely in the first milliseconds as long after the start.
        if dice.chance(3, in: 4) { usleep(UInt32(dice.microseconds(upTo: 150_000))) }
        let listener = dice.chance(1, in: 2) ? listen() : -1
        defer { if listener >= 0 { close(listener) } }
        if dice.chance(1, in: 4) {
            process.signal(SIGTERM)
            usleep(UInt32(dice.microseconds(upTo: 20_000)))
            whileStopping += 1
        }
        let wasRunning = isRunning()
        guard kill(launcher, SIGKILL) == 0 else { throw ProofFailure("the launcher had ended before it was killed") }
        if wasRunning { whileRunning += 1 } else { beforeRunning += 1 }
        let end = try self.end(of: &process, errors)
        let said = text(errors)
        guard end == .exited(1) else { throw ProofFailure("the supervisor ended with \(end): \(said)") }
        let lines = said.split(separator: "\n")
        guard lines.count == 1, lines[0].hasPrefix("apus-supervisor: "), lines[0].utf8.count > 25 else {
            throw ProofFailure("the supervisor did not say in one line what happened: \(said)")
        }
        try isClean(launcher)
        if listener >= 0 { try heardTheEnd(listener) }
    }

    /// The launcher that a supervisor has started.
    private func child(of supervisor: Int32, _ errors: borrowing FileDescriptor) throws -> Int32 {
        for _ in 0..<60_000 {
            let file = try FileDescriptor.open("/proc/\(supervisor)/task/\(supervisor)/children", O_RDONLY)
            let children = String(decoding: try file.readAll(limit: 4096), as: UTF8.self).split(separator: " ")
            if let first = children.first, let id = Int32(first), isLauncher(id) { return id }
            usleep(500)
        }
        throw ProofFailure("the supervisor never started a launcher: \(text(errors))")
    }

    /// Not the supervisor's own image any more, which a child has for a moment.
    private func isLauncher(_ id: Int32) -> Bool {
        guard let file = try? FileDescriptor.open("/proc/\(id)/comm", O_RDONLY),
            let bytes = try? file.readAll(limit: 64)
        else { return false }
        return String(decoding: bytes, as: UTF8.self).hasPrefix("apus-launcher")
    }

    private func isRunning() -> Bool {
        guard let file = try? FileDescriptor.open("\(runtime)/apus/default_prey/status.json", O_RDONLY),
            let bytes = try? file.readAll(limit: 1 << 20)
        else { return false }
        return String(decoding: bytes, as: UTF8.self).contains("\"phase\": \"Running\"")
    }

    /// A connection that asked for events, or -1 where nobody listens yet.
    private func listen() -> Int32 {
        guard let socket = try? UnixSocket.connect("\(runtime)/apus/default_prey/control.sock") else { return -1 }
        let request = "GET /events HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: 0\r\n\r\n"
        let raw = socket.release().release()
        _ = request.withCString { send(raw, $0, strlen($0), Int32(MSG_NOSIGNAL)) }
        return raw
    }

    private mutating func heardTheEnd(_ listener: Int32) throws {
        var all: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = chunk.withUnsafeMutableBytes { recv(listener, $0.baseAddress, $0.count, 0) }
            guard count > 0 else { break }
            all += chunk[..<count]
        }
        // One that came too late to be taken was told nothing at all.
        guard !all.isEmpty else { return }
        guard String(decoding: all, as: UTF8.self).contains("event: ended\n") else {
            throw ProofFailure("a listener was not told of the end")
        }
        heard += 1
    }

    private func end(of process: inout ChildProcess, _ errors: borrowing FileDescriptor) throws -> ChildProcess.End {
        var entry = pollfd(fd: process.descriptor.raw, events: Int16(POLLIN), revents: 0)
        guard poll(&entry, 1, 120_000) == 1, let end = process.end() else {
            throw ProofFailure("the supervisor goes on without a launcher: \(text(errors))")
        }
        return end
    }

    private func text(_ file: borrowing FileDescriptor) -> String {
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let count = bytes.withUnsafeMutableBytes { pread(file.raw, $0.baseAddress, $0.count, 0) }
        return String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self)
    }

    /// No process, no file and no lock is left.
    private func isClean(_ launcher: Int32) throws {
        guard kill(launcher, 0) < 0, errno == ESRCH else { throw ProofFailure("the killed launcher is still there") }
        guard let folder = opendir("\(runtime)/apus") else { throw ProofFailure("the runtime directory is gone") }
        defer { closedir(folder) }
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard name.hasPrefix(".") else { throw ProofFailure("\(name) was left behind") }
        }
        let file = try FileDescriptor.open(disk, O_RDWR)
        // A descriptor that was on its way to the launcher is closed by the kernel a moment after both ends are gone.
        for attempt in 1...200 {
            do {
                try ImageLock.exclusive.take(on: file, name: "disk")
                return
            } catch {
                guard attempt < 200 else { throw ProofFailure("the disk is not free: \(error)") }
                usleep(10_000)
            }
        }
    }

    var figures: [Figure] {
        [
            Figure(name: "killed_before_running", value: beforeRunning),
            Figure(name: "killed_while_running", value: whileRunning),
            Figure(name: "of_those_while_stopping", value: whileStopping),
            Figure(name: "listeners_told", value: heard),
        ]
    }
}
