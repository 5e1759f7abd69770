// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import VMISpec

@testable import GuestAgent

/// The guest's side of a channel that says what the fuzzer makes up, and the client's clock.
final class FuzzedAgent {
    var now: UInt64 = 1 << 40
    var client: GuestAgent?
    private let socket: FileDescriptor
    private var input: [UInt8] = []
    /// Whether it answers as an agent should.
    var isHealthy = false

    init() throws {
        let pair = try UnixSocket.pair()
        socket = try pair.first.descriptor.duplicate()
        try socket.setNonblocking()
        client = try GuestAgent(try pair.second.descriptor.duplicate(), clock: { [unowned self] in now })
    }

    func write(_ bytes: [UInt8]) {
        _ = bytes.withUnsafeBytes { send(socket.raw, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    }

    /// Reads what the client sends; answers it as asked for.
    func listen() {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = chunk.withUnsafeMutableBytes { recv(socket.raw, $0.baseAddress, $0.count, 0) }
            guard count > 0 else { return }
            input += chunk[..<count]
            while let end = input.firstIndex(of: 0x0A) {
                var line = Array(input[..<end])
                input.removeSubrange(...end)
                if let sentinel = line.lastIndex(of: 0xFF) { line.removeSubrange(...sentinel) }
                // A request that was cut off is followed by a sentinel and a whole one.
                guard isHealthy, let request = try? JSONValue(parsing: line) else { continue }
                let id = (request["id"] ?? request["arguments"]?["id"])?.integerValue ?? 0
                let isSync = request["execute"]?.stringValue == "guest-sync-delimited"
                write((isSync ? [0xFF] : []) + Array("{\"return\": \(isSync ? "\(id)" : "{}"), \"id\": \(id)}\n".utf8))
            }
        }
    }
}

/// An agent that says anything at any time leaves its client able to find a healthy one within a minute and a half.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzAgent(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    var input = FuzzInput(start, count)
    guard let agent = try? FuzzedAgent(), let client = agent.client else { return 0 }
    var (asked, answered) = (0, 0)
    client.setChannel(isOpen: true)
    while !input.isEmpty {
        switch input.byte() & 15 {
        case 0: agent.now += UInt64(input.number(UInt16.self)) << 20
        case 1:
            client.setChannel(isOpen: false)
            client.setChannel(isOpen: true)
        case 2:
            client.pause()
            client.resume()
        case 3:
            asked += 1
            client.execute("a", timeout: UInt64(input.byte()) << 28) { _ in answered += 1 }
        case 4:
            asked += 1
            client.freeze(thawAfter: UInt64(input.byte()) << 28) { _ in answered += 1 }
        case 5: agent.isHealthy.toggle()
        case 6: agent.write([0xFF])
        case 7:
            let id = (UInt64(1) << 40) & 0x3FFF_FFFF + UInt64(input.byte())
            agent.write([0xFF] + Array("{\"return\": \(id)}\n".utf8))
        default: agent.write(input.bytes(Int(input.byte())))
        }
        client.serve()
        agent.listen()
        must(client.wantsRead || client.deadline != nil, "nothing wakes a client that does not read")
    }
    agent.isHealthy = true
    agent.write([0x0A])
    for _ in 0..<900 {
        agent.now += 100_000_000
        client.serve()
        agent.listen()
    }
    must(client.isConnected, "the client did not find a healthy agent")
    client.setChannel(isOpen: false)
    must(asked == answered, "a call was not ended, or twice")
    agent.client = nil
    return 0
}

/// Writes an ordinary conversation.
@_cdecl("LLVMFuzzerInitialize")
public func seedAgent(_ count: UnsafeMutableRawPointer, _ words: UnsafeMutableRawPointer) -> CInt {
    func said(_ text: String) -> [UInt8] { [15, UInt8(text.utf8.count)] + Array(text.utf8) }
    FuzzSeeds.write("healthy", [5, 0, 0, 16, 3, 255, 0, 0, 64, 4, 8, 0, 0, 255])
    FuzzSeeds.write(
        "answers",
        [5, 0, 0, 1, 5, 3, 9] + said(#"{"return": {"pid": 4}}"# + "\n") + [0, 0, 1]
            + said(#"{"return": {"exited": true, "out-data": "YQ=="}}"# + "\n") + [0, 0, 1]
            + said(#"{"error": {"class": "GenericError", "desc": "no"}}"# + "\n"))
    return 0
}
