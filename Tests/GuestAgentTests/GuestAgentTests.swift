// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing
import VMISpec

@testable import GuestAgent

@Suite("A guest agent's client")
struct GuestAgentTests {
    @Test("nothing is asked before the guest opens its channel, and everything after")
    func information() throws {
        let fake = try FakeAgent()
        fake.pass(seconds: 30)
        #expect(fake.syncs == [] && fake.asked == [] && fake.client.deadline == nil)
        fake.connect()
        #expect(fake.client.isConnected && fake.syncs.count == 1)
        #expect(fake.asked.first == "guest-info")
        #expect(Set(fake.asked) == Set(AgentPoll.all.map(\.command)).subtracting(["guest-get-load"]))
        let told = fake.client.information
        #expect(told.version == "7.2.22" && told.commands.count == 7)
        #expect(told.os?.prettyName == "Debian GNU/Linux 12 (bookworm)" && told.os?.machine == "x86_64")
        #expect(told.hostname == "vm1" && told.timezone?.offset == 7200 && told.timezone?.zone == "CEST")
        #expect(told.interfaces.map(\.name) == ["lo", "eth0"])
        #expect(told.interfaces[1].mac == "02:00:00:00:00:01")
        #expect(told.interfaces[1].addresses.map(\.text) == ["10.0.2.2", "fe80::1"])
        #expect(told.interfaces[1].addresses.map(\.isIPv6) == [false, true])
        #expect(told.users.map(\.name) == ["root"] && told.users[0].loginTime == 1_700_000_000.5)
        #expect(told.filesystems[0].mountpoint == "/" && told.filesystems[0].totalBytes == 2000)
        #expect(told.filesystems[0].disks[0].device == "/dev/vda1")
        #expect(told.freeze == .thawed && told.load == nil)
    }

    @Test("questions are asked as often as KubeVirt asks them")
    func cadence() throws {
        let fake = try FakeAgent()
        fake.connect()
        fake.forgetAsked()
        fake.pass(seconds: 1200)
        var counts: [String: Int] = [:]
        for command in fake.asked { counts[command, default: 0] += 1 }
        #expect(counts["guest-get-users"] == 120 && counts["guest-network-get-interfaces"] == 120)
        #expect(counts["guest-fsfreeze-status"] == 240)
        // After 10, 30, 70, 150, 310, 610, 910 and 1210 seconds.
        #expect(counts["guest-info"] == 7 && counts["guest-get-fsinfo"] == 7)
        #expect(fake.syncs.count == 1)
    }

    @Test("a change is told once, and no change is not")
    func changes() throws {
        let fake = try FakeAgent()
        var told = 0
        fake.client.onChange = { told += 1 }
        fake.connect()
        let before = told
        fake.pass(seconds: 60)
        #expect(told == before)
        fake.answers["guest-get-host-name"] = { _ in #"{"host-name":"renamed"}"# }
        fake.pass(seconds: 60)
        #expect(told == before + 1 && fake.client.information.hostname == "renamed")
        fake.client.setChannel(isOpen: false)
        #expect(told == before + 2 && !fake.client.isConnected)
    }

    @Test("calls bring their answers, and refusals their reasons")
    func calls() throws {
        let fake = try FakeAgent()
        fake.connect()
        var results: [String] = []
        fake.client.ping { results.append("ping \($0)") }
        fake.client.freeze { results.append("freeze \($0)") }
        fake.client.thaw { results.append("thaw \($0)") }
        fake.client.setTime { results.append("time \($0)") }
        fake.answers["guest-set-user-password"] = { request in
            let arguments = request["arguments"]
            guard arguments?["username"]?.stringValue == "root", arguments?["password"]?.stringValue == "c2VjcmV0"
            else {
                return "!wrong"
            }
            return "{}"
        }
        fake.client.setPassword(Array("secret".utf8), of: "root") { results.append("password \($0)") }
        fake.answers["guest-ssh-add-authorized-keys"] = { _ in "!user \\u001b[31m does not exist" }
        fake.client.setAuthorizedKeys(["ssh-ed25519 AAAA"], of: "nobody") { results.append("keys \($0)") }
        fake.settle()
        #expect(
            results == [
                "ping success()", "freeze success(2)", "thaw success(2)", "time success()", "password success()",
                "keys failure(The guest agent refused guest-ssh-add-authorized-keys: user  [31m does not exist)",
            ])
        #expect(fake.syncs.count == 1)
    }

    @Test("the guest's clock is set after the machine went on, and nobody is asked while it stands")
    func pause() throws {
        let fake = try FakeAgent()
        fake.connect()
        fake.pass(seconds: 3)
        fake.forgetAsked()
        fake.client.pause()
        var results: [String] = []
        fake.client.ping { results.append("\($0)") }
        #expect(results == ["failure(\(AgentError.disconnected))"])
        fake.pass(seconds: 600)
        #expect(fake.asked == [] && fake.client.isConnected, "a pause is no loss of the agent")
        var times: [Int64] = []
        fake.answers["guest-set-time"] = { request in
            times.append(request["arguments"]?["time"]?.integerValue ?? 0)
            return "{}"
        }
        fake.client.resume()
        fake.settle()
        #expect(fake.syncs.count == 2 && fake.asked.first == "guest-set-time")
        let now = Int64(Clock.realtime)
        #expect(times.count == 1 && times.allSatisfy { abs($0 - now) < 60_000_000_000 })
    }

    @Test("a freeze that nobody ends is ended after its time, and a frozen guest is asked for nothing else")
    func freeze() throws {
        let fake = try FakeAgent()
        fake.connect()
        var frozen: Int64?
        fake.client.freeze(thawAfter: 20_000_000_000) { frozen = try? $0.get() }
        fake.answers["guest-fsfreeze-status"] = { _ in #""frozen""# }
        fake.settle()
        #expect(frozen == 2 && fake.client.information.freeze == .frozen)
        fake.forgetAsked()
        fake.pass(seconds: 19)
        #expect(Set(fake.asked) == ["guest-fsfreeze-status"])
        fake.answers["guest-fsfreeze-status"] = { _ in #""thawed""# }
        fake.pass(seconds: 12)
        #expect(fake.asked.filter { $0 == "guest-fsfreeze-thaw" }.count == 1)
        #expect(fake.client.information.freeze == .thawed && fake.asked.contains("guest-get-users"))
    }

    @Test("a program runs in the guest, its output and status come back, and it is asked for ever less often")
    func execution() throws {
        let fake = try FakeAgent()
        fake.connect()
        var request: JSONValue?
        fake.answers["guest-exec"] = {
            request = $0["arguments"]
            return #"{"pid":42}"#
        }
        var asks = 0
        fake.answers["guest-exec-status"] = { _ in
            asks += 1
            return asks < 6
                ? #"{"exited":false}"#
                : #"{"exited":true,"exitcode":3,"out-data":"aGVsbG8K","err-data":"","out-truncated":true}"#
        }
        var result: Result<AgentExecution, AgentError>?
        fake.client.execute("/bin/sh", ["-c", "echo hello"], timeout: 60_000_000_000) { result = $0 }
        fake.pass(seconds: 10)
        #expect(request?.text() == #"{"path":"/bin/sh","arg":["-c","echo hello"],"capture-output":true}"#)
        let ended = try #require(try result?.get())
        #expect(ended.exitCode == 3 && ended.output == Array("hello\n".utf8) && ended.isTruncated)
        #expect(asks == 6)
    }

    @Test("a program that takes too long is given up, and the agent is still there")
    func slowExecution() throws {
        let fake = try FakeAgent()
        fake.connect()
        fake.answers["guest-exec"] = { _ in #"{"pid":42}"# }
        fake.answers["guest-exec-status"] = { _ in #"{"exited":false}"# }
        var result: Result<AgentExecution, AgentError>?
        fake.client.execute("sleep", timeout: 5_000_000_000) { result = $0 }
        fake.pass(seconds: 4)
        #expect(result == nil)
        fake.pass(seconds: 2)
        #expect(result == .failure(.timedOut(command: "guest-exec")))
        #expect(fake.client.isConnected && fake.syncs.count == 1)
    }

    @Test("a shutdown that is obeyed is answered by silence, one that is not by a reason")
    func shutDown() throws {
        let fake = try FakeAgent()
        fake.connect()
        var results: [String] = []
        fake.answers["guest-shutdown"] = { _ in "!not allowed" }
        fake.client.shutDown { results.append("\($0)") }
        fake.settle()
        fake.answers["guest-shutdown"] = { $0["arguments"]?["mode"]?.stringValue == "reboot" ? nil : "!mode" }
        fake.client.shutDown(.reboot) { results.append("\($0)") }
        fake.pass(seconds: 3)
        #expect(
            results == ["failure(The guest agent refused guest-shutdown: not allowed)", "success()"])
    }

    @Test("more calls than can wait are refused at once")
    func busy() throws {
        let fake = try FakeAgent()
        fake.connect()
        var failures: [AgentError] = []
        var answers = 0
        for _ in 0..<100 {
            fake.client.ping {
                if case .failure(let error) = $0 { failures.append(error) } else { answers += 1 }
            }
        }
        #expect(failures == [AgentError](repeating: .busy, count: 36))
        fake.settle()
        #expect(answers == 64)
    }
}
