// SPDX-License-Identifier: Apache-2.0

import Control
import Linux
import Record
import Testing

@Suite("A hostile or broken peer is refused")
struct HostilePeerTests {
    /// Sends `bytes` and descriptors from the raw end of a pair, closes that end, and returns every message and the error.
    private func receive(
        _ bytes: [UInt8], descriptors: Int = 0, pieces: Int = 1 << 20
    ) throws -> (messages: [ControlMessage], error: ControlError?) {
        let pair = try UnixSocket.pair()
        var channel = try ControlChannel(pair.first)
        var messages: [ControlMessage] = []
        do {
            let peer = pair.second
            let file = try FileDescriptor.memory(named: "hostile")
            var attached = [Int32](repeating: file.raw, count: descriptors)
            var start = 0
            while start < bytes.count {
                let piece = Array(bytes[start..<min(bytes.count, start + pieces)])
                start += try Self.send(piece, descriptors: attached, from: peer)
                attached = []
                do {
                    while let received = try channel.next() { messages.append(received.message) }
                } catch {
                    return (messages, error)
                }
            }
        }
        do {
            while let received = try channel.next() { messages.append(received.message) }
            return (messages, nil)
        } catch {
            return (messages, error)
        }
    }

    private static func send(
        _ bytes: [UInt8], descriptors: [Int32], from socket: borrowing UnixSocket
    ) throws(Errno) -> Int {
        try bytes.withUnsafeBytes { all in
            Result { () throws(Errno) in try socket.send(all, descriptors: descriptors) }
        }.get()
    }

    private func frame(_ message: ControlMessage, descriptors: UInt8 = 0) -> [UInt8] {
        let body = Record.encode(message)
        return [UInt8(body.count & 0xFF), UInt8(body.count >> 8), 0, 0, descriptors, 0, 0, 0] + body
    }

    @Test("a frame that trickles in byte by byte is whole in the end", arguments: [1, 2, 7, 8, 9, 100])
    func trickle(pieces: Int) throws {
        let messages: [ControlMessage] = [.event(.paused), .request(id: 9, .start(try .sample())), .event(.resumed)]
        let bytes = frame(messages[0]) + frame(messages[1]) + frame(messages[2])
        let result = try receive(bytes, pieces: pieces)
        #expect(result.messages == messages)
        #expect(result.error == .closed)
    }

    static let headers: [([UInt8], ControlError)] = [
        ([0, 0, 0, 0, 0, 0, 0, 0], .malformed("a length of 0 bytes")),
        ([1, 0, 16, 0, 0, 0, 0, 0], .malformed("a length of 1048577 bytes")),
        ([0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0], .malformed("a length of 4294967295 bytes")),
        ([1, 0, 0, 0, 254, 0, 0, 0], .malformed("254 descriptors")),
        ([1, 0, 0, 0, 0, 0, 0, 1], .malformed("a header that does not end in zeros")),
        ([1, 0, 0, 0], .malformed("a frame that ends early")),
        ([2, 0, 0, 0, 0, 0, 0, 0, 1], .malformed("a frame that ends early")),
        ([1, 0, 0, 0, 0, 0, 0, 0, 1], .record(RecordError(.notARecord))),
    ]

    @Test("a frame out of its bounds is refused", arguments: Self.headers)
    func header(bytes: [UInt8], error: ControlError) throws {
        let result = try receive(bytes)
        #expect(result.messages.isEmpty)
        #expect(result.error == error)
    }

    @Test("fewer descriptors than the frame claims are refused")
    func tooFew() throws {
        let result = try receive(frame(.event(.paused), descriptors: 2), descriptors: 1)
        #expect(
            result.error
                == .malformed("1 of 2 descriptors arrived"))
    }

    @Test("more descriptors than the frame claims are refused", arguments: [1, 9, 1000])
    func tooMany(pieces: Int) throws {
        let result = try receive(frame(.event(.paused), descriptors: 1), descriptors: 2, pieces: pieces)
        #expect(result.messages.isEmpty)
        #expect(result.error == .malformed("2 of 1 descriptors arrived"))
    }

    @Test("descriptors that no frame claims are refused", arguments: [1, 9, 1000])
    func stray(pieces: Int) throws {
        let result = try receive(frame(.event(.paused)), descriptors: 1, pieces: pieces)
        #expect(result.error == .malformed("descriptors that belong to no frame"))
    }

    @Test("descriptors that come after their frame's first byte are refused", arguments: [1, 8, 9])
    func late(early: Int) throws {
        let pair = try UnixSocket.pair()
        var channel = try ControlChannel(pair.first)
        let peer = pair.second
        let file = try FileDescriptor.memory(named: "late")
        let bytes = frame(.event(.paused), descriptors: 1)
        _ = try Self.send(Array(bytes[..<early]), descriptors: [], from: peer)
        let nothing = try channel.next() == nil
        #expect(nothing)
        _ = try Self.send(Array(bytes[early...]), descriptors: [file.raw], from: peer)
        do {
            _ = try channel.next()
            Issue.record("accepted")
        } catch {
            #expect(error == .malformed("0 of 1 descriptors arrived"))
        }
    }

    @Test("descriptors of a later frame do not take the place of those that were lost")
    func lost() throws {
        let pair = try UnixSocket.pair()
        var channel = try ControlChannel(pair.first)
        let peer = pair.second
        let file = try FileDescriptor.memory(named: "lost")
        let bytes = frame(.event(.paused), descriptors: 1)
        _ = try Self.send(bytes + bytes, descriptors: [file.raw], from: peer)
        let first = try channel.next() != nil
        #expect(first)
        do {
            _ = try channel.next()
            Issue.record("accepted")
        } catch {
            #expect(error == .malformed("0 of 1 descriptors arrived"))
        }
    }

    @Test("two thousand mutated conversations end in messages or an error", arguments: [1, 2] as [UInt64])
    func mutations(seed: UInt64) throws {
        var state = seed
        func random(_ limit: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(truncatingIfNeeded: state >> 33) % limit
        }
        let original = frame(.event(.paused)) + frame(.request(id: 9, .start(try .sample())))
        var refused = 0
        for _ in 0..<1000 {
            var bytes = original
            for _ in 0...random(3) { bytes[random(bytes.count)] = UInt8(truncatingIfNeeded: random(256)) }
            let result = try receive(bytes, descriptors: random(3), pieces: 1 + random(bytes.count))
            // The stream ends, so there is always an error; a whole conversation ends in `closed`.
            let error = try #require(result.error)
            #expect(!error.description.isEmpty)
            if error != .closed { refused += 1 }
            for case .request(_, .start(let machine)) in result.messages {
                _ = try? machine.validate(descriptors: 9)
            }
        }
        #expect(refused > 500)
    }
}
