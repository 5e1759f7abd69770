// SPDX-License-Identifier: Apache-2.0

import Control
import Glibc
import Linux
import Testing

@Suite("Messages and descriptors cross the control channel")
struct ControlChannelTests {
    /// Both ends of a conversation.
    struct Ends: ~Copyable {
        var supervisor: ControlChannel
        var launcher: ControlChannel

        init() throws(Errno) {
            let pair = try UnixSocket.pair()
            let first = try ControlChannel(pair.first)
            let second = try ControlChannel(pair.second)
            supervisor = first
            launcher = second
        }
    }

    @Test("a start request arrives with its configuration and its descriptors in order")
    func start() throws {
        var ends = try Ends()
        let machine = try MachineConfiguration.sample()
        var bundle = DescriptorBundle()
        for index in 0..<MachineConfiguration.sampleDescriptors {
            let file = try FileDescriptor.memory(named: "slot")
            try file.writeAll([UInt8(index)])
            #expect(bundle.add(file) == .at(UInt16(index)))
        }
        let id = try ends.supervisor.request(.start(machine), descriptors: bundle)
        var received = try ends.launcher.wait(milliseconds: 10_000)
        #expect(received.message == .request(id: id, .start(machine)))
        #expect(received.descriptors.count == MachineConfiguration.sampleDescriptors)
        for index in 0..<UInt16(MachineConfiguration.sampleDescriptors) {
            let taken = received.descriptors.take(.at(index))
            guard let file = taken else {
                Issue.record("slot \(index) is empty")
                continue
            }
            var byte: UInt8 = 0xFF
            #expect(pread(file.raw, &byte, 1, 0) == 1)
            #expect(byte == UInt8(index))
            #expect(fcntl(file.raw, F_GETFD) & FD_CLOEXEC != 0)
        }
        #expect(received.descriptors.number(at: .at(0)) == nil)
    }

    @Test("replies carry the number of their request, and events come between")
    func conversation() throws {
        var ends = try Ends()
        let first = try ends.supervisor.request(.pause)
        let second = try ends.supervisor.request(.status)
        #expect(first != second)
        for expected in [first, second] {
            let received = try ends.launcher.wait(milliseconds: 10_000)
            guard case .request(let id, _) = received.message else {
                Issue.record("not a request")
                return
            }
            #expect(id == expected)
        }
        try ends.launcher.reply(to: second, .status(MachineStatus(state: .running)))
        try ends.launcher.emit(.paused)
        try ends.launcher.reply(to: first, .done)
        let expected: [ControlMessage] = [
            .reply(id: second, .status(MachineStatus(state: .running))), .event(.paused), .reply(id: first, .done),
        ]
        for message in expected {
            let received = try ends.supervisor.wait(milliseconds: 10_000)
            #expect(received.message == message)
        }
        let nothing = try ends.supervisor.next()
        let isEmpty = nothing == nil
        #expect(isEmpty)
    }

    @Test("as many descriptors as the kernel allows cross, and one more does not fit a bundle")
    func manyDescriptors() throws {
        var ends = try Ends()
        var bundle = DescriptorBundle()
        let file = try FileDescriptor.memory(named: "many")
        for _ in 0..<DescriptorBundle.capacity { #expect(bundle.add(try file.duplicate()) != nil) }
        #expect(bundle.add(try file.duplicate()) == nil)
        try ends.supervisor.send(.request(id: 1, .pause), descriptors: bundle)
        let received = try ends.launcher.wait(milliseconds: 10_000)
        #expect(received.descriptors.count == DescriptorBundle.capacity)
    }

    @Test("descriptors stay with their own message when messages arrive together")
    func together() throws {
        var ends = try Ends()
        for count in [0, 2, 0, 0, 1, 3] {
            var bundle = DescriptorBundle()
            for _ in 0..<count { _ = bundle.add(try FileDescriptor.memory(named: "together")) }
            try ends.supervisor.send(.request(id: UInt64(count), .status), descriptors: bundle)
        }
        for count in [0, 2, 0, 0, 1, 3] {
            let received = try ends.launcher.wait(milliseconds: 10_000)
            #expect(received.message == .request(id: UInt64(count), .status))
            #expect(received.descriptors.count == count)
        }
    }

    @Test("descriptors that nobody takes are closed on both sides")
    func closed() throws {
        var ends = try Ends()
        var sockets: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        try #require(socketpair(AF_UNIX, kind, 0, &sockets) == 0)
        let witness = FileDescriptor(owning: sockets[0])
        var bundle = DescriptorBundle()
        _ = bundle.add(FileDescriptor(owning: sockets[1]))
        try ends.supervisor.send(.request(id: 1, .pause), descriptors: bundle)
        do {
            let received = try ends.launcher.wait(milliseconds: 10_000)
            #expect(received.descriptors.count == 1)
            #expect(!Self.isHungUp(witness.raw))
        }
        #expect(Self.isHungUp(witness.raw))
    }

    private static func isHungUp(_ socket: Int32) -> Bool {
        var entry = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, 0) == 1 && entry.revents & Int16(POLLHUP) != 0
    }

    @Test("a message longer than the socket's buffer crosses piece by piece")
    func long() throws {
        var ends = try Ends()
        let text = String(repeating: "x", count: 900_000)
        var bundle = DescriptorBundle()
        _ = bundle.add(try FileDescriptor.memory(named: "long"))
        let message = ControlMessage.event(.failed(message: text))
        try ends.launcher.send(message, descriptors: bundle)
        let waits = ends.launcher.wantsWrite
        #expect(waits)
        for _ in 0..<100_000 {
            if let received = try ends.supervisor.next() {
                #expect(received.message == message)
                #expect(received.descriptors.count == 1)
                let waits = ends.launcher.wantsWrite
                #expect(!waits)
                return
            }
            try ends.launcher.flush()
        }
        Issue.record("the message never arrived")
    }

    @Test("a message longer than a frame may be is refused and the channel goes on")
    func tooLong() throws {
        var ends = try Ends()
        do {
            try ends.launcher.emit(.failed(message: String(repeating: "x", count: 1 << 20)))
            Issue.record("sent")
        } catch ControlError.tooLong(let bytes) {
            #expect(bytes > 1 << 20)
        }
        try ends.launcher.emit(.paused)
        let received = try ends.supervisor.wait(milliseconds: 10_000)
        #expect(received.message == .event(.paused))
    }

    @Test("a peer that does not read is told apart from one that is slow")
    func congested() throws {
        var ends = try Ends()
        let line = ControlEvent.log(LogLine(level: .info, text: String(repeating: "x", count: 100_000)))
        do {
            for _ in 0..<100 { try ends.launcher.emit(line) }
            Issue.record("ten megabytes were queued")
        } catch ControlError.congested(let bytes) {
            #expect(bytes > 3 << 20)
        }
        var lines = 0
        while true {
            if let received = try ends.supervisor.next() {
                #expect(received.message == .event(line))
                lines += 1
            } else if ends.launcher.wantsWrite {
                try ends.launcher.flush()
            } else {
                break
            }
        }
        #expect(lines > 30)
    }

    @Test("what the peer sent before it went is read, then its end is told")
    func end() throws {
        let pair = try UnixSocket.pair()
        var supervisor = try ControlChannel(pair.first)
        do {
            var launcher = try ControlChannel(pair.second)
            try launcher.emit(.guestShutdown)
        }
        do {
            _ = try supervisor.request(.pause)
            Issue.record("sent to nobody")
        } catch {
            #expect(error == .closed)
        }
        let waits = supervisor.wantsWrite
        #expect(!waits)
        let received = try supervisor.wait(milliseconds: 10_000)
        #expect(received.message == .event(.guestShutdown))
        do {
            _ = try supervisor.wait(milliseconds: 10_000)
            Issue.record("a message from nobody")
        } catch {
            #expect(error == .closed)
        }
    }

    @Test("waiting in vain ends with the time given")
    func timeout() throws {
        var ends = try Ends()
        do {
            _ = try ends.supervisor.wait(milliseconds: 1)
            Issue.record("a message from nobody")
        } catch {
            #expect(error == .timedOut)
        }
    }
}
