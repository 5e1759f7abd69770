// SPDX-License-Identifier: Apache-2.0

import Control
import Glibc
import Linux
import Testing

/// A launcher under control: the test is its supervisor.
final class ControlledLauncher {
    let process: LauncherProcess
    /// What it told of its own accord so far.
    private(set) var events: [ControlEvent] = []
    private var channel: ControlChannel?

    /// Starts the launcher and hears its greeting.
    init() throws {
        let pair = try UnixSocket.pair()
        let theirs = pair.second
        let ours = pair.first
        process = try LauncherProcess(["--control-fd", "3"], control: theirs.descriptor.raw)
        channel = try ControlChannel(ours)
        let greeting = try receive()
        guard case .event(.ready(let launcher)) = greeting else { throw Unmet("the first message is \(greeting)") }
        #expect(launcher.processID == process.processID)
    }

    /// Asks it to run a payload with its console on the process's pipe; `below` is a raw file under the first disk.
    func start(
        _ payload: String, _ words: String = "", cpus: UInt32 = 1, memory: UInt64 = 128 << 20,
        disks: [String] = [], below: String? = nil, channel: Int32? = nil,
        adjust: (inout MachineConfiguration) -> Void = { _ in }
    ) throws -> ControlReply {
        var bundle = DescriptorBundle()
        let added = [
            bundle.add(try FileDescriptor.open(Payload.path(payload), O_RDONLY)),
            bundle.add(try FileDescriptor.open("/dev/null", O_RDONLY)), bundle.add(try process.consoleEnd()),
        ].compactMap { $0 }
        try #require(added.count == 3)
        let (kernel, input, output) = (added[0], added[1], added[2])
        var configuration = MachineConfiguration(
            name: "test", uuid: try #require(MachineUUID(bytes: Array(1...16))),
            cpu: CPUConfiguration(topology: CPUTopology(cores: cpus)), memory: MemoryConfiguration(bytes: memory),
            boot: BootConfiguration(kernel: kernel, commandLine: words))
        configuration.console = .stdio(input: input, output: output)
        for (index, path) in disks.enumerated() {
            guard let slot = bundle.add(try FileDescriptor.open(path, O_RDWR)) else { throw Unmet("too many disks") }
            configuration.disks.append(DiskConfiguration(name: "disk\(index)", file: slot))
        }
        if let below {
            guard let slot = bundle.add(try FileDescriptor.open(below, O_RDONLY)) else { throw Unmet("no room") }
            configuration.disks[0].backing = [ImageLayer(file: slot, format: .raw)]
        }
        if let channel {
            guard let slot = bundle.add(try FileDescriptor.duplicate(of: channel)) else { throw Unmet("no room") }
            configuration.channels = [ChannelConfiguration(name: "test", end: .stream(slot: slot))]
        }
        adjust(&configuration)
        return try request(.start(configuration), bundle)
    }

    /// Sends a request and waits for its reply.
    func request(
        _ request: ControlRequest, _ descriptors: consuming DescriptorBundle = DescriptorBundle()
    ) throws -> ControlReply {
        guard let id = try channel?.request(request, descriptors: descriptors) else { throw Unmet("no socket") }
        while true {
            if case .reply(let number, let reply) = try receive() {
                #expect(number == id)
                return reply
            }
        }
    }

    /// Its status, which it always gives.
    func status() throws -> MachineStatus {
        guard case .status(let status) = try request(.status) else { throw Unmet("status was refused") }
        return status
    }

    /// Waits until it tells something like this.
    func waitForEvent(_ isWanted: (ControlEvent) -> Bool) throws {
        while !events.contains(where: isWanted) { _ = try receive() }
    }

    /// Writes bytes that are no message.
    func sendRaw(_ bytes: [UInt8]) throws {
        guard let raw = channel?.raw else { throw Unmet("no socket") }
        #expect(write(raw, bytes, bytes.count) == bytes.count)
    }

    /// Hears what is left to hear, until it closes its end.
    func waitForClose() {
        while (try? receive()) != nil {}
    }

    /// Closes the socket, as a supervisor that dies does.
    func hangUp() { channel = nil }

    @discardableResult
    private func receive() throws -> ControlMessage {
        guard let received = try channel?.wait(milliseconds: Int32(LauncherProcess.patience * 1000)) else {
            throw Unmet("no socket")
        }
        let message = received.message
        if case .event(let event) = message { events.append(event) }
        return message
    }
}
