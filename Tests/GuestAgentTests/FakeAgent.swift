// SPDX-License-Identifier: Apache-2.0

import Glibc
import GuestAgent
import Linux
import Testing
import VMISpec

/// The guest's side of a channel as a script has it, and the client on the other side, on a clock that stands where the
/// test puts it. Written from the QEMU guest agent's protocol reference.
final class FakeAgent {
    /// What it answers to a command: the text of a `return` or, with a leading `!`, of an error's description; nil for
    /// silence.
    var answers: [String: (JSONValue) -> String?] = [:]
    /// What it has been asked, in order, without synchronizing.
    private(set) var asked: [String] = []
    /// The numbers by which it was to synchronize.
    private(set) var syncs: [Int64] = []
    /// Whether it synchronizes, and whether it repeats the number of a command.
    var synchronizes = true
    var numbers = true
    let client: GuestAgent
    private let socket: FileDescriptor
    private var input: [UInt8] = []

    final class Time { var now: UInt64 = 1_000_000_000_000 }
    let time: Time

    /// What a healthy agent says.
    static let healthy: [String: String] = [
        "guest-ping": "{}",
        "guest-info": #"""
        {"version":"7.2.22","supported_commands":[
         {"enabled":true,"name":"guest-get-osinfo"},{"enabled":true,"name":"guest-network-get-interfaces"},
         {"enabled":true,"name":"guest-get-host-name"},{"enabled":true,"name":"guest-get-timezone"},
         {"enabled":true,"name":"guest-get-users"},{"enabled":true,"name":"guest-get-fsinfo"},
         {"enabled":true,"name":"guest-fsfreeze-status"},{"enabled":false,"name":"guest-get-load"}]}
        """#,
        "guest-get-osinfo": #"""
        {"id":"debian","name":"Debian GNU/Linux","pretty-name":"Debian GNU/Linux 12 (bookworm)",
         "version":"12 (bookworm)","version-id":"12","kernel-release":"6.1.0","kernel-version":"#1 SMP",
         "machine":"x86_64"}
        """#,
        "guest-network-get-interfaces": #"""
        [{"name":"lo","hardware-address":"00:00:00:00:00:00",
          "ip-addresses":[{"ip-address":"127.0.0.1","ip-address-type":"ipv4","prefix":8}]},
         {"name":"eth0","hardware-address":"02:00:00:00:00:01",
          "ip-addresses":[{"ip-address":"10.0.2.2","ip-address-type":"ipv4","prefix":24},
           {"ip-address":"fe80::1","ip-address-type":"ipv6","prefix":64}]}]
        """#,
        "guest-get-host-name": #"{"host-name":"vm1"}"#,
        "guest-get-timezone": #"{"zone":"CEST","offset":7200}"#,
        "guest-get-users": #"[{"user":"root","login-time":1700000000.5}]"#,
        "guest-get-fsinfo": #"""
        [{"name":"vda1","mountpoint":"/","type":"ext4","used-bytes":1000,"total-bytes":2000,
          "disk":[{"bus-type":"virtio","serial":"S","dev":"/dev/vda1","bus":0,"target":0,"unit":0}]}]
        """#,
        "guest-fsfreeze-status": #""thawed""#,
        "guest-fsfreeze-freeze": "2", "guest-fsfreeze-thaw": "2", "guest-set-time": "{}",
        "guest-set-user-password": "{}", "guest-ssh-add-authorized-keys": "{}",
    ]

    init(credentials: [AgentCredential] = []) throws {
        let pair = try UnixSocket.pair()
        socket = try pair.first.descriptor.duplicate()
        try socket.setNonblocking()
        let time = Time()
        self.time = time
        client = try GuestAgent(try pair.second.descriptor.duplicate(), credentials: credentials, clock: { time.now })
        for (command, text) in Self.healthy { answers[command] = { _ in text } }
    }

    /// Sends bytes of any kind, as far as the socket takes them; says how many.
    @discardableResult
    func write(_ bytes: [UInt8]) -> Int {
        max(0, bytes.withUnsafeBytes { send(socket.raw, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) })
    }

    func write(_ text: String) { write(Array(text.utf8)) }

    /// Ends the connection, as a launcher that dies does.
    func hangUp() { shutdown(socket.raw, Int32(SHUT_RDWR)) }

    /// Lets both sides do what they can until nothing changes.
    func settle() {
        for _ in 0..<200 {
            if client.wantsRead || client.deadline.map({ $0 <= time.now }) == true { client.serve() }
            if !listen(), client.deadline.map({ $0 > time.now }) ?? true { break }
        }
    }

    /// Lets time pass and both sides act in every second of it.
    func pass(seconds: Int) {
        settle()
        for _ in 0..<seconds {
            time.now += 1_000_000_000
            client.serve()
            settle()
        }
    }

    /// Connects and answers the first questions.
    func connect() {
        client.setChannel(isOpen: true)
        settle()
    }

    /// Reads what the client asks and answers; says whether there was anything.
    private func listen() -> Bool {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        let count = chunk.withUnsafeMutableBytes { recv(socket.raw, $0.baseAddress, $0.count, 0) }
        guard count > 0 else { return false }
        input += chunk[..<count]
        while let end = input.firstIndex(of: 0x0A) {
            var line = Array(input[..<end])
            input.removeSubrange(...end)
            if let sentinel = line.lastIndex(of: 0xFF) { line.removeSubrange(...sentinel) }
            guard let request = try? JSONValue(parsing: line), let command = request["execute"]?.stringValue else {
                Issue.record("not a request: \(String(decoding: line, as: UTF8.self))")
                continue
            }
            answer(command, request)
        }
        return true
    }

    private func answer(_ command: String, _ request: JSONValue) {
        if command == "guest-sync-delimited" {
            let id = request["arguments"]?["id"]?.integerValue ?? -1
            syncs.append(id)
            if synchronizes { write([0xFF] + Array("{\"return\": \(id)}\n".utf8)) }
            return
        }
        asked.append(command)
        guard let text = answers[command]?(request) else { return }
        let id = numbers ? request["id"]?.integerValue.map { ", \"id\": \($0)" } ?? "" : ""
        let line = text.replacing("\n", with: " ")
        if line.hasPrefix("!") {
            write("{\"error\": {\"class\": \"GenericError\", \"desc\": \"\(line.dropFirst())\"}\(id)}\n")
        } else {
            write("{\"return\": \(line)\(id)}\n")
        }
    }

    func forgetAsked() { asked = [] }
}
