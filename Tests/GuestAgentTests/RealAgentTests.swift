// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing
import VMISpec

@testable import GuestAgent

@Suite(
    "QEMU's own guest agent", .serialized,
    .enabled(if: RealAgent.isAvailable, "this needs root and Debian's qemu-guest-agent"))
struct RealAgentTests {
    @Test("it tells what this machine is")
    func information() throws {
        let agent = try RealAgent()
        #expect(agent.wait { agent.client.polled })
        let told = agent.client.information
        #expect(agent.client.isConnected && told.commands.contains("guest-exec"))
        #expect(told.version?.first?.isNumber == true)
        var name = utsname()
        uname(&name)
        let release = withUnsafeBytes(of: &name.release) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        #expect(told.os?.kernelRelease == release && told.os?.id == "debian" && told.os?.machine == "x86_64")
        let host = withUnsafeBytes(of: &name.nodename) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        #expect(told.hostname == host)
        #expect(told.interfaces.contains { $0.name == "lo" && $0.addresses.contains { $0.text == "127.0.0.1" } })
        #expect(told.freeze == .thawed && told.timezone != nil)
    }

    @Test("programs run, with their output, status and end by a signal")
    func programs() throws {
        let agent = try RealAgent()
        #expect(agent.wait { agent.client.isConnected })
        #expect(try agent.shell("echo -n 'out' ; exit 0") == "out")
        let failed = try agent.result {
            agent.client.execute("/bin/sh", ["-c", "echo no >&2; exit 7"], timeout: 30_000_000_000, completion: $0)
        }
        #expect(failed.exitCode == 7 && failed.errors == Array("no\n".utf8) && failed.signal == nil)
        let killed = try agent.result {
            agent.client.execute("/bin/sh", ["-c", "kill -9 $$"], timeout: 30_000_000_000, completion: $0)
        }
        #expect(killed.signal == 9 && killed.exitCode == nil)
        let large = try agent.result {
            agent.client.execute(
                "/bin/sh", ["-c", "head -c 1000000 /dev/zero"], timeout: 30_000_000_000, completion: $0)
        }
        #expect(large.output.count == 1_000_000)
        #expect(throws: AgentError.self) {
            _ =
                try agent.result {
                    agent.client.execute("/nowhere/at/all", timeout: 30_000_000_000, completion: $0)
                } as AgentExecution
        }
        #expect(throws: AgentError.timedOut(command: "guest-exec")) {
            _ =
                try agent.result {
                    agent.client.execute("/bin/sleep", ["100"], timeout: 1_000_000_000, completion: $0)
                } as AgentExecution
        }
        let _: Void = try agent.result { agent.client.ping(completion: $0) }
    }

    @Test("output that is too much for an answer fails its call, and the two find each other again")
    func tooMuch() throws {
        let agent = try RealAgent()
        #expect(agent.wait { agent.client.isConnected })
        #expect(throws: AgentError.malformed(command: "guest-exec-status")) {
            _ =
                try agent.result {
                    agent.client.execute(
                        "/bin/sh", ["-c", "head -c 8000000 /dev/zero"], timeout: 60_000_000_000, completion: $0)
                } as AgentExecution
        }
        #expect(try agent.shell("echo -n here") == "here")
    }

    @Test("a command that is forbidden there is refused with the agent's words, and does nothing")
    func forbidden() throws {
        let agent = try RealAgent()
        #expect(agent.wait { agent.client.polled })
        #expect(!agent.client.carriesOut("guest-set-time"))
        let refused = #expect(throws: AgentError.self) {
            let _: Void = try agent.result { agent.client.setTime(completion: $0) }
        }
        guard case .refused(let command, _)? = refused else {
            Issue.record("\(String(describing: refused))")
            return
        }
        #expect(command == "guest-set-time")
        #expect(throws: AgentError.self) {
            _ = try agent.result { agent.client.call("guest-nonsense", completion: $0) } as JSONValue
        }
    }

    @Test("keys and passwords arrive, and follow their directories")
    func credentials() throws {
        func write(_ path: String, _ text: String) throws {
            try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC).writeAll(Array(text.utf8))
        }
        let agent = try RealAgent { directory in
            mkdir("\(directory)/keys", 0o700)
            mkdir("\(directory)/words", 0o700)
            try write("\(directory)/keys/key1", "# mine\nssh-ed25519 AAAAfirst me\n\nssh-rsa AAAAsecond you\n")
            try write("\(directory)/words/root", "correct horse\n")
            return [
                AgentCredential(.authorizedKeys(users: ["root"]), directory: "\(directory)/keys"),
                AgentCredential(.passwords, directory: "\(directory)/words"),
            ]
        }
        #expect(agent.wait { agent.client.credentialStatus != nil })
        #expect(agent.client.credentialStatus == .synchronized)
        #expect(
            try agent.shell("cat /root/.ssh/authorized_keys") == "ssh-ed25519 AAAAfirst me\nssh-rsa AAAAsecond you")
        let shadow = try agent.shell("grep ^root: /etc/shadow")
        #expect(shadow.hasPrefix("root:$"))
        try write("\(agent.directory)/keys/key1", "ssh-ed25519 AAAAthird me\n")
        agent.client.credentialsDue = 0
        #expect(agent.wait { (try? agent.shell("cat /root/.ssh/authorized_keys")) == "ssh-ed25519 AAAAthird me" })
        #expect(try agent.shell("grep ^root: /etc/shadow") != "")
        try write("\(agent.directory)/words/nobody-of-this-name", "x")
        agent.client.credentialsDue = 0
        #expect(agent.wait { agent.client.credentialStatus != .synchronized })
        guard case .failed(let reason)? = agent.client.credentialStatus else { return }
        #expect(reason.contains("guest-set-user-password"))
    }
}

extension GuestAgent {
    /// Whether every question has been asked and answered once.
    var polled: Bool {
        isConnected && !polls.isEmpty && polls.allSatisfy { $0.due > 0 || !carriesOut($0.command) }
            && polls.allSatisfy { !$0.isWaiting }
    }
}
