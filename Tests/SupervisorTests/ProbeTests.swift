// SPDX-License-Identifier: Apache-2.0

import Glibc
import HTTP
import Linux
import Testing
import VMISpec

@testable import Supervisor

@Suite("Probes", .serialized)
struct ProbeTests {
    /// A server on a port of 127.0.0.1 that answers each connection with the same bytes, or takes it and says nothing.
    private final class Server: @unchecked Sendable {
        let port: UInt16
        private let raw: Int32

        init(_ answer: String?) throws {
            raw = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            var size = socklen_t(MemoryLayout<sockaddr_in>.size)
            let raw = raw
            let bound = withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(raw, $0, size) == 0 && listen(raw, 16) == 0 && getsockname(raw, $0, &size) == 0
                }
            }
            try #require(bound)
            port = UInt16(bigEndian: address.sin_port)
            guard let answer else { return }
            let thread = try OSThread(name: "server") {
                while true {
                    let client = accept(raw, nil, nil)
                    if client < 0 { return }
                    var chunk = [UInt8](repeating: 0, count: 4096)
                    _ = chunk.withUnsafeMutableBytes { recv(client, $0.baseAddress, $0.count, 0) }
                    _ = answer.withCString { send(client, $0, strlen($0), Int32(MSG_NOSIGNAL)) }
                    close(client)
                }
            }
            // It ends with the listening socket.
            _ = consume thread
        }

        deinit {
            shutdown(raw, Int32(SHUT_RDWR))
            close(raw)
        }
    }

    private func attempt(_ target: ProbeTarget, request: String?, milliseconds: UInt64 = 20_000) throws -> String {
        let loop = try EventLoop()
        var result: Result<Void, SupervisorError>?
        let attempt = NetworkAttempt(
            target, request: request.map { Array($0.utf8) }, nanoseconds: milliseconds * 1_000_000, loop: loop
        ) { result = $0 }
        while result == nil { try loop.turn() }
        withExtendedLifetime(attempt) {}
        switch result {
        case .success: return "good"
        case .failure(let error): return error.description
        case nil: return "none"
        }
    }

    private func target(_ port: UInt16) throws -> ProbeTarget {
        try #require(
            try ProbeTarget(.tcpSocket(port: .number(port), host: "127.0.0.1"), guest: nil, interfaces: [], field: "f"))
    }

    @Test(
        "an answer is judged as the kubelet judges it",
        arguments: [
            ("HTTP/1.1 200 OK\r\n\r\n", "good"), ("HTTP/1.0 399 x\r\nContent-Length: 5\r\n\r\n", "good"),
            ("HTTP/1.1 404 Not Found\r\n\r\n", "HTTP probe failed with statuscode: 404"),
            ("HTTP/1.1 500 x\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP probe failed with statuscode: 500"),
            ("SSH-2.0-x\r\n\r\n", "The peer does not speak HTTP/1.1"), ("", "the connection ended without an answer"),
            (String(repeating: "x", count: 20_000), "The response's head has more than 8192 bytes"),
        ])
    func answers(_ answer: String, _ verdict: String) throws {
        let server = try Server(answer)
        #expect(try attempt(target(server.port), request: "GET / HTTP/1.1\r\nHost: a\r\n\r\n") == verdict)
    }

    @Test("a connection is all that tcpSocket asks for; nobody there, and nothing in time, is a failure")
    func connections() throws {
        let server = try Server(nil)
        #expect(try attempt(target(server.port), request: nil) == "good")
        #expect(
            try attempt(target(server.port), request: "GET / HTTP/1.1\r\n\r\n", milliseconds: 300)
                == "no answer in time")
        let gone = try Server(nil).port
        #expect(try attempt(target(gone), request: nil).contains("refused"))
    }

    @Test("thresholds are counted in a row")
    func thresholds() throws {
        let probes = #""readinessProbe":{"tcpSocket":{"port":1},"successThreshold":2,"failureThreshold":3},"#
        let spec = try #require(try Fixture.manifest(probes: probes).0.instance.spec.readinessProbe)
        var state = ProbeState(spec, isGood: false)
        let answers = [true, false, true, true, false, false, true, false, false, false, false]
        let changes = answers.map { state.take($0) }
        #expect(changes == [false, false, false, true, false, false, false, false, false, true, false])
        #expect(!state.isGood)
    }

    @Test(
        "what cannot be asked is refused by its field",
        arguments: [
            (
                #""livenessProbe":{"httpGet":{"port":80,"scheme":"HTTPS","host":"10.0.0.1"}},"#,
                "livenessProbe.httpGet.scheme"
            ),
            (#""readinessProbe":{"tcpSocket":{"port":80}},"#, "readinessProbe.tcpSocket.host"),
            (#""readinessProbe":{"tcpSocket":{"port":80,"host":"example.org"}},"#, "must be an IP address"),
            (#""readinessProbe":{"tcpSocket":{"port":"ssh","host":"::1"}},"#, "no interface has a port called ssh"),
        ])
    func refused(_ probes: String, _ text: String) throws {
        let fixture = try Fixture()
        let (manifest, document) = try Fixture.manifest(probes: probes)
        let environment = try fixture.launcher([], then: "exit 0")
        let error = try #require(throws: SupervisorError.self) {
            _ = try Supervision.start(manifest, document: document, fixture.options, environment: environment)
        }
        #expect(error.description.contains(text), "\(error)")
        #expect(fixture.leftovers.isEmpty)
    }

    private func isReady(_ running: RunningSupervisor) throws -> Bool {
        guard case .array(let conditions)? = try running.published()?["conditions"] else { return false }
        return conditions.contains { $0["type"]?.stringValue == "Ready" && $0["status"]?.stringValue == "True" }
    }

    private func until(_ condition: () throws -> Bool) throws {
        for _ in 0..<3000 {
            if try condition() { return }
            usleep(10_000)
        }
        throw Unmet("it never came to that")
    }

    @Test("readiness follows the probe both ways")
    func readiness() throws {
        var server: Server? = try Server("HTTP/1.1 200 OK\r\n\r\n")
        let port = try #require(server?.port)
        let running = try RunningSupervisor(
            "",
            probes:
                #""readinessProbe":{"httpGet":{"port":\#(port),"path":"/ready"},"periodSeconds":1,"failureThreshold":1},"#,
            options: ["--guest-address", "127.0.0.1"])
        try until { try isReady(running) }
        server = nil
        try until { try !isReady(running) }
        let status = try running.document("status")
        #expect(status.text().contains("containers with unready status: [compute]"))
        #expect(status["phase"]?.stringValue == "Running")
    }

    @Test("a guest that fails its liveness probe is shut down, and the instance has failed", arguments: ["obeys", ""])
    func liveness(_ behaviour: String) throws {
        let running = try RunningSupervisor(
            behaviour,
            probes:
                #""livenessProbe":{"guestAgentPing":{},"periodSeconds":1,"failureThreshold":2},"#)
        let connection = try running.connection()
        try connection.listen(after: 0)
        var events: [JSONValue] = []
        while !connection.isEnded { events += try connection.nextEvents() }
        #expect(running.end() == .exited(1))
        #expect(events.count { $0["event"]?.stringValue == "unhealthy" } == 2)
        let last = try #require(events.last)
        #expect(last["phase"]?.stringValue == "Failed")
        #expect(last["message"]?.stringValue == "The guest failed its liveness probe")
        #expect(last["stopRequested"]?.boolValue == false)
    }
}
