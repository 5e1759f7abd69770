// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing
import VMISpec

@testable import GuestAgent

@Suite("An agent that lies, stalls, floods or dies")
struct HostileAgentTests {
    /// Whether the agent answers a call now.
    private func answers(_ fake: FakeAgent) -> Bool {
        var answered = false
        fake.client.ping { if case .success = $0 { answered = true } }
        fake.settle()
        return answered
    }

    @Test("a command that is not answered fails in its time, the client begins anew, and a late answer is no other's")
    func stall() throws {
        let fake = try FakeAgent()
        fake.connect()
        fake.numbers = false
        fake.answers["guest-get-host-name"] = { _ in nil }
        var result: Result<JSONValue, AgentError>?
        fake.client.call("guest-get-host-name", patience: 3_000_000_000) { result = $0 }
        fake.pass(seconds: 2)
        #expect(result == nil)
        fake.synchronizes = false
        fake.pass(seconds: 2)
        #expect(result == .failure(.timedOut(command: "guest-get-host-name")))
        #expect(fake.syncs.count == 2)
        // The late answer, an answer to the sync before, and the right one.
        fake.write("{\"return\": {\"host-name\": \"late\"}}\n")
        fake.write([0xFF] + Array("{\"return\": \(fake.syncs[0])}\n".utf8))
        fake.settle()
        #expect(fake.client.information.hostname == "vm1")
        fake.write([0xFF] + Array("{\"return\": \(fake.syncs[1])}\n".utf8))
        fake.synchronizes = true
        #expect(answers(fake) && fake.client.isConnected)
    }

    @Test("an agent that never synchronizes is asked ever less often, and found when it does")
    func silence() throws {
        let fake = try FakeAgent()
        fake.synchronizes = false
        fake.connect()
        fake.pass(seconds: 600)
        // 5 s of waiting each, with 5, 10, 20, 40 and then 60 s between.
        #expect((10...14).contains(fake.syncs.count), "\(fake.syncs.count)")
        #expect(Set(fake.syncs).count == fake.syncs.count && !fake.client.isConnected)
        fake.synchronizes = true
        fake.pass(seconds: 66)
        #expect(fake.client.isConnected && fake.client.information.hostname == "vm1")
    }

    @Test(
        "an answer that makes no sense fails its call and nothing else",
        arguments: [
            "", "{", "[]", "nonsense", "{\"return\"", "{\"returns\": 1}", "{}", "null", "\u{0}\u{1}",
            "{\"return\": {}, \"return\": {}}", "{\"return\": 1e999999}" + String(repeating: " ", count: 100_000),
            String(repeating: "[", count: 100_000),
        ])
    func nonsense(text: String) throws {
        let fake = try FakeAgent()
        fake.connect()
        fake.answers["guest-ping"] = { _ in
            fake.write(text + "\n")
            return nil
        }
        var result: Result<Void, AgentError>?
        fake.client.ping { result = $0 }
        fake.pass(seconds: 6)
        guard case .failure = result else {
            // A number that no type holds is JSON all the same.
            #expect(text.hasPrefix("{\"return\": 1e9") || text == "{}", "\(text.prefix(40))")
            return
        }
        fake.answers["guest-ping"] = { _ in "{}" }
        #expect(answers(fake))
    }

    @Test("bytes that are no text at all are dropped", arguments: 0..<6)
    func garbage(seed: UInt64) throws {
        let fake = try FakeAgent()
        fake.connect()
        var state = seed
        func random() -> UInt8 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 33)
        }
        for _ in 0..<200 {
            fake.write((0..<Int(random()) * 4).map { _ in random() })
            fake.settle()
        }
        fake.write("\n")
        fake.pass(seconds: 12)
        #expect(answers(fake))
    }

    @Test("a hundred mebibytes without a line's end cost no memory and are read at four a second")
    func flood() throws {
        let fake = try FakeAgent()
        fake.connect()
        let bytes = [UInt8](repeating: 0x78, count: 65_536)
        var sent = 0
        var seconds = 0
        var fullRounds = 0
        while sent < 100 << 20 {
            let count = fake.write(bytes)
            sent += count
            fake.client.serve()
            if count == 0 {
                fullRounds += 1
                if !fake.client.wantsRead {
                    fake.time.now += 1_000_000_000
                    seconds += 1
                }
            }
            #expect(fullRounds < 1_000_000)
        }
        #expect((20...40).contains(seconds), "\(seconds)")
        fake.write("\n")
        fake.pass(seconds: 12)
        #expect(answers(fake) && fake.syncs.count >= 2)
    }

    @Test("lines without end are heard at a thousand a second", arguments: ["{}\n", "\u{FF}{\"return\": 1}\n", "\n"])
    func lines(text: String) throws {
        let fake = try FakeAgent()
        fake.synchronizes = false
        fake.client.setChannel(isOpen: true)
        fake.client.serve()
        let line = text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
        let bytes = [[UInt8]](repeating: line, count: 20_000).flatMap { $0 }
        // One second's worth: then the client wants no more until the next.
        for _ in 0..<50 {
            fake.write(bytes)
            fake.client.serve()
        }
        #expect(text != "\u{FF}{\"return\": 1}\n" || !fake.client.wantsRead)
        let deadline = try #require(fake.client.deadline)
        #expect(deadline > fake.time.now)
    }

    @Test("what an agent says of the guest is cut to size and made printable")
    func lies() throws {
        let fake = try FakeAgent()
        let long = String(repeating: "é", count: 1000)
        fake.answers["guest-get-host-name"] = { _ in "{\"host-name\":\"\(long)\\u001b[2J\\n\"}" }
        fake.answers["guest-get-users"] = { _ in
            "[" + [String](repeating: "{\"user\":\"u\",\"login-time\":1e400}", count: 2000).joined(separator: ",") + "]"
        }
        fake.answers["guest-network-get-interfaces"] = { _ in
            #"""
            [{"name":7},{},null,{"name":"eth0","hardware-address":5,"ip-addresses":[
             {"ip-address":"$(reboot)","ip-address-type":"ipv4","prefix":24},
             {"ip-address":"10.0.0.1","ip-address-type":"ipv4","prefix":-7},
             {"ip-address":"10.0.0.2","ip-address-type":"ipx","prefix":1},
             {"ip-address":"::1","ip-address-type":"ipv6","prefix":99999}]}]
            """#
        }
        fake.answers["guest-get-fsinfo"] = { _ in
            #"[{"name":"a","mountpoint":"/","type":1,"used-bytes":-1,"total-bytes":99999999999999999999,"disk":{}}]"#
        }
        fake.answers["guest-get-timezone"] = { _ in #"{"offset":99999999999}"# }
        fake.answers["guest-get-osinfo"] = { _ in "[]" }
        fake.answers["guest-fsfreeze-status"] = { _ in "5" }
        fake.answers["guest-info"] = { _ in #"{"version":"1\u001b]0;x\u0007\u202e2\u2028","supported_commands":7}"# }
        fake.connect()
        let told = fake.client.information
        #expect(told.hostname == String(repeating: "é", count: 128))
        #expect(told.version == "1 ]0;x  2 " && told.commands == [])
        #expect(told.users.count == 128 && told.users[0].loginTime == 0)
        #expect(told.interfaces.map(\.name) == ["eth0"] && told.interfaces[0].mac == nil)
        #expect(told.interfaces[0].addresses.map(\.text) == ["10.0.0.1", "::1"])
        #expect(told.interfaces[0].addresses.map(\.prefix) == [0, 255])
        #expect(told.filesystems.count == 1 && told.filesystems[0].usedBytes == nil)
        #expect(told.filesystems[0].totalBytes == nil && told.filesystems[0].disks == [])
        #expect(told.timezone?.offset == .max && told.os == nil && told.freeze == nil)
    }

    @Test(
        "programs that an agent makes up end their calls",
        arguments: [
            ("{}", "{}"), (#"{"pid":"x"}"#, "{}"), (#"{"pid":1}"#, "{}"), (#"{"pid":1}"#, #"{"exited":7}"#),
            (#"{"pid":1}"#, #"{"exited":true,"out-data":"***"}"#), (#"{"pid":-9}"#, "!no such process"),
        ])
    func executions(start: String, status: String) throws {
        let fake = try FakeAgent()
        fake.connect()
        fake.answers["guest-exec"] = { _ in start }
        fake.answers["guest-exec-status"] = { _ in status }
        var result: Result<AgentExecution, AgentError>?
        fake.client.execute("true", timeout: 10_000_000_000) { result = $0 }
        fake.pass(seconds: 3)
        guard case .failure = result else {
            Issue.record("\(String(describing: result))")
            return
        }
        #expect(answers(fake))
    }

    @Test("when the guest closes its channel or the launcher is gone, everyone who waits is told at once")
    func death() throws {
        for hangsUp in [false, true] {
            let fake = try FakeAgent()
            fake.connect()
            fake.answers["guest-ping"] = { _ in nil }
            fake.answers["guest-exec"] = { _ in #"{"pid":1}"# }
            fake.answers["guest-exec-status"] = { _ in #"{"exited":false}"# }
            var failures: [AgentError] = []
            fake.client.execute("sleep", timeout: .max / 2) {
                if case .failure(let error) = $0 { failures.append(error) }
            }
            fake.pass(seconds: 2)
            for _ in 0..<3 { fake.client.ping { if case .failure(let error) = $0 { failures.append(error) } } }
            fake.settle()
            if hangsUp { fake.hangUp() } else { fake.client.setChannel(isOpen: false) }
            fake.client.serve()
            #expect(failures == [AgentError](repeating: .disconnected, count: 4))
            #expect(!fake.client.isConnected && fake.client.deadline == nil)
            #expect(fake.client.wantsRead == !hangsUp && !fake.client.wantsWrite)
            fake.client.setChannel(isOpen: true)
            fake.settle()
            #expect(fake.client.isConnected == !hangsUp)
        }
    }

    @Test("an agent that reads nothing costs nothing but the calls")
    func deaf() throws {
        let fake = try FakeAgent()
        fake.connect()
        // No one listens from here on: only the client is served.
        let big = String(repeating: "k", count: 1 << 20)
        var failures = 0
        for _ in 0..<8 {
            fake.client.setAuthorizedKeys([big], of: "u") { if case .failure = $0 { failures += 1 } }
        }
        for _ in 0..<30 {
            fake.time.now += 1_000_000_000
            fake.client.serve()
        }
        #expect(failures == 8 && !fake.client.isConnected)
    }
}
