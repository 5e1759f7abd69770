// SPDX-License-Identifier: Apache-2.0

import Glibc
import HTTP
import Linux
import Testing
import VMISpec

@testable import Supervisor

@Suite("The console", .serialized)
struct ConsoleTests {
    private func read(_ socket: borrowing FileDescriptor, until text: String) throws -> String {
        var all: [UInt8] = []
        while !String(decoding: all, as: UTF8.self).contains(text) {
            let bytes = RunningSupervisor.read(socket, seconds: 30)
            guard !bytes.isEmpty else { throw Unmet("the console ended after \(String(decoding: all, as: UTF8.self))") }
            all += bytes
        }
        return String(decoding: all, as: UTF8.self)
    }

    @Test("many read; the newest that may write is the one that types, and the one before takes over again")
    func writer() throws {
        let running = try RunningSupervisor("")
        let first = try SocketPath.connect("virt-serial0", in: running.directory).release()
        #expect(try read(first, until: "login: ") == "login: ")
        let second = try running.connection()
        _ = try second.openConsole(readOnly: false)
        let socket = try second.duplicate()
        let looker = try running.connection()
        _ = try looker.openConsole(readOnly: true)
        let looking = try looker.duplicate()
        try looking.writeAll(Array("eaten".utf8))
        try first.writeAll(Array("lost".utf8))
        // The three come by three sockets: what is not to be typed must be read before what is.
        usleep(200_000)
        try socket.writeAll(Array("root\n".utf8))
        #expect(try read(first, until: "root\n") == "root\n")
        #expect(try read(looking, until: "root\n").hasSuffix("root\n"))
        shutdown(socket.raw, Int32(SHUT_RDWR))
        usleep(200_000)
        try first.writeAll(Array("again\n".utf8))
        #expect(try read(looking, until: "again\n") == "again\n")
    }

    @Test("everything goes to the log, under KubeVirt's names where this is a pod")
    func pod() throws {
        var template = Array("/tmp/apus-pod-XXXXXX".utf8CString)
        let root = try #require(mkdtemp(&template).map { String(cString: $0) })
        for folder in ["var", "var/run"] { mkdir("\(root)/\(folder)", 0o700) }
        let running = try RunningSupervisor("", options: ["--pod-root", root])
        let uid = try #require(try running.document("machine")["uuid"]?.stringValue)
        let folder = "\(root)/var/run/kubevirt-private/\(uid)"
        let client = try SocketPath.connect("virt-serial0", in: folder).release()
        _ = try read(client, until: "login: ")
        try client.writeAll(Array("root\n".utf8))
        _ = try read(client, until: "root\n")
        let log = try FileDescriptor.open("\(folder)/virt-serial0-log", O_RDONLY).readAll(limit: 4096)
        #expect(String(decoding: log, as: UTF8.self) == "login: root\n")
        running.signal(SIGTERM)
        _ = running.end()
        #expect(access("\(folder)/virt-serial0", F_OK) != 0)
        var remover = try ChildProcess("/bin/rm", ["-rf", root], environment: [], passing: [])
        _ = remover.end(waiting: true)
    }

    @Test("a log that is full goes on in a new file and keeps the one before")
    func rotation() throws {
        let fixture = try Fixture()
        do {
            var log = try ConsoleLog("\(fixture.path)/log", limit: 8)
            for text in ["aaaa", "bbbb", "cccc"] { log.write(Array(text.utf8)[...]) }
        }
        let now = try FileDescriptor.open("\(fixture.path)/log", O_RDONLY).readAll(limit: 100)
        let before = try FileDescriptor.open("\(fixture.path)/log.0", O_RDONLY).readAll(limit: 100)
        #expect(String(decoding: before + now, as: UTF8.self) == "aaaabbbbcccc")
    }

    @Test("what is kept is the end, and every byte has its place")
    func history() {
        var history = ConsoleHistory()
        for index in 0..<300_000 { history.append([UInt8(truncatingIfNeeded: index)][...]) }
        #expect(history.end == 300_000)
        let from = history.read(from: 0, limit: 3)
        #expect(from.start >= 300_000 - 2 * UInt64(ConsoleHistory.capacity) - 1)
        #expect(from.bytes.first == UInt8(truncatingIfNeeded: from.start))
        #expect(history.read(from: 299_999, limit: 9).bytes.count == 1)
        #expect(history.read(from: 300_000, limit: 9).bytes.isEmpty)
    }
}
