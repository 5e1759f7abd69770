// SPDX-License-Identifier: Apache-2.0

import Glibc
import HTTP
import Linux
import Testing
import VMISpec

@testable import Supervisor

@Suite("Events, phases and conditions", .serialized)
struct EventTests {
    private func condition(_ type: String, of status: JSONValue?) -> JSONValue? {
        guard case .array(let conditions)? = status?["conditions"] else { return nil }
        return conditions.first { $0["type"]?.stringValue == type }
    }

    @Test("the status tells phases with their times, and the file, the API and the events agree")
    func status() throws {
        let running = try RunningSupervisor("")
        let asked = try running.document("status")
        #expect(asked == (try running.published()))
        #expect(asked["phase"]?.stringValue == "Running")
        #expect(asked["nodeName"]?.stringValue == "n1")
        #expect(asked["phaseTransitionTimestamps"]?[0]?["phase"]?.stringValue == "Scheduled")
        #expect(asked["phaseTransitionTimestamps"]?[1]?["phase"]?.stringValue == "Running")
        #expect(asked["memory"]?["guestAtBoot"]?.stringValue == "64Mi")
        #expect(asked["runtimeUser"]?.integerValue == Int64(geteuid()))
        #expect(condition("Ready", of: asked)?["status"]?.stringValue == "True")
        #expect(condition("LiveMigratable", of: asked)?["status"]?.stringValue == "True")
        let connection = try running.connection()
        try connection.listen(after: 0)
        var last: JSONValue?
        while last != asked {
            for event in try connection.nextEvents() where event["event"]?.stringValue == "status" {
                last = event["status"]
            }
            try #require(!connection.isEnded)
        }
    }

    @Test("a pause is a condition with its reason, and makes the guest unready; its end takes both back")
    func paused() throws {
        let running = try RunningSupervisor("")
        try running.connection().ask(.pause)
        let paused = try running.document("status")
        #expect(condition("Paused", of: paused)?["reason"]?.stringValue == "PausedByUser")
        #expect(condition("Ready", of: paused)?["status"]?.stringValue == "False")
        #expect(paused["phase"]?.stringValue == "Running")
        try running.connection().ask(.resume)
        let resumed = try running.document("status")
        #expect(condition("Paused", of: resumed) == nil)
        #expect(condition("Ready", of: resumed)?["status"]?.stringValue == "True")
    }

    @Test("a listener that comes back is told what it missed, in order and once")
    func replay() throws {
        let running = try RunningSupervisor("")
        let socket = try running.socket()
        for path in ["pause", "resume", "pause"] {
            _ = try RunningSupervisor.ask(HTTPRequest(method: "POST", path: [path]), on: socket)
        }
        func heard(after last: String, until name: String, times: Int) throws -> [ServerSentEvent] {
            let socket = try running.socket()
            try socket.writeAll(
                HTTPRequest(method: "GET", path: ["events"], headers: ["Last-Event-ID": last]).encoded)
            var parser = HTTPResponseParser()
            var stream = ServerSentEventParser()
            var events: [ServerSentEvent] = []
            while events.count(where: { $0.name == name }) < times {
                let bytes = RunningSupervisor.read(socket, seconds: 30)
                try #require(!bytes.isEmpty)
                parser.append(bytes)
                while let part = try parser.next() {
                    if case .body(let body) = part { events += try stream.append(body) }
                }
            }
            return events
        }
        let all = try heard(after: "0", until: "paused", times: 2)
        #expect(all.map(\.id) == Array(1...UInt64(all.count)))
        #expect(all.first?.name == "launching")
        let middle = try #require(all.first { $0.name == "resumed" })
        let rest = try heard(after: "\(middle.id)", until: "paused", times: 1)
        #expect(rest.first?.id == middle.id + 1)
    }

    @Test(
        "an end is a phase, an exit status and a last event",
        arguments: [
            ("obeys", "Succeeded", ChildProcess.End.exited(0)), ("", "Failed", .exited(1)),
        ])
    func end(_ behaviour: String, _ phase: String, _ end: ChildProcess.End) throws {
        let running = try RunningSupervisor(behaviour)
        let connection = try running.connection()
        try connection.listen(after: 0)
        running.signal(SIGTERM)
        var events: [JSONValue] = []
        while !connection.isEnded { events += try connection.nextEvents() }
        #expect(running.end() == end)
        let last = try #require(events.last)
        #expect(last["event"]?.stringValue == "ended")
        #expect(last["phase"]?.stringValue == phase)
        #expect(last["stopRequested"]?.boolValue == true)
        let status = try #require(events.last { $0["event"]?.stringValue == "status" }?["status"])
        #expect(status["phase"]?.stringValue == phase)
        #expect(condition("Ready", of: status)?["reason"]?.stringValue == "PodTerminating")
        #expect(running.fixture.leftovers.isEmpty)
    }

    @Test("a manifest comes from a variable as well as from a file")
    func variable() throws {
        let running = try RunningSupervisor("", fromVariable: true)
        #expect(try running.document("instance")["metadata"]?["name"]?.stringValue == "vm")
    }

    @Test("a guest's panic is counted and told")
    func panic() throws {
        let running = try RunningSupervisor("panics")
        try running.connection().ask(.pause)
        #expect(try running.document("machine")["panics"]?.integerValue == 1)
        let page = try running.ask(HTTPRequest(method: "GET", path: ["metrics"]))
        #expect(String(decoding: page.body, as: UTF8.self).contains(#"bugcheck_code="unknown"} 1"#))
    }

    @Test(
        "times are written as Kubernetes writes them",
        arguments: [
            (0, "1970-01-01T00:00:00Z"), (951_782_399, "2000-02-28T23:59:59Z"), (951_782_400, "2000-02-29T00:00:00Z"),
            (1_709_251_199, "2024-02-29T23:59:59Z"), (4_107_542_399, "2100-02-28T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"), (1_798_761_599, "2026-12-31T23:59:59Z"),
        ])
    func times(_ seconds: UInt64, _ text: String) {
        #expect("\(Timestamp(seconds: seconds))" == text)
    }

    @Test("disks are named in order beyond the alphabet", arguments: [(0, "a"), (25, "z"), (26, "aa"), (702, "aaa")])
    func letters(_ index: Int, _ text: String) {
        #expect(InstanceStatus.letters(index) == text)
    }

    @Test(
        "an obstacle to migration is told in KubeVirt's words",
        arguments: [
            (#","interfaces":[{"name":"default","bridge":{}}]"#, "InterfaceNotLiveMigratable"),
            (#","interfaces":[{"name":"default","masquerade":{}}]"#, nil),
        ])
    func migration(_ devices: String, _ reason: String?) throws {
        let manifest = try Fixture.manifest(
            devices: devices, probes: #""networks":[{"name":"default","pod":{}}],"#
        ).0
        let obstacle = MigrationObstacle(manifest.instance.spec, manifest.instance.metadata)
        #expect(obstacle?.reason == reason)
    }

    @Test("events are kept in bounds, and the last always")
    func log() {
        var log = EventLog()
        for index in 0..<1000 { _ = log.add("e", .integer(Int64(index))) }
        #expect(log.after(0).count == EventLog.capacity)
        #expect(log.after(0).last?.id == 1000)
        #expect(log.after(999).map(\.id) == [1000])
        #expect(log.after(5000).isEmpty)
        _ = log.add("large", .string(String(repeating: "x", count: 1 << 20)))
        #expect(log.after(0).map(\.id) == [1001])
    }
}
