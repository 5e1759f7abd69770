// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

@testable import Control
@testable import Record

/// A hostile peer: whatever bytes and descriptors it sends, the channel returns messages or an error, and no descriptor
/// is left open.
///
/// The input is a run of pieces, each with its length and how many descriptors go with it.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzControl(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let before = lowestFree()
    do {
        try converse(FuzzInput(start, count))
    } catch {
        fatalError("\(error)")
    }
    must(lowestFree() == before, "a descriptor was left open")
    return 0
}

private func converse(_ bytes: FuzzInput) throws {
    var input = bytes
    let pair = try UnixSocket.pair()
    let peer = pair.first
    var channel = try ControlChannel(pair.second)
    var isOpen = true
    while isOpen, !input.isEmpty {
        let shape = input.byte()
        var piece: [UInt8]
        if shape & 1 != 0 {
            // A true frame around what may be a record.
            let body = input.bytes(Int(input.byte()) + (shape & 2 != 0 ? Int(input.byte()) << 4 : 0))
            piece = ControlFrame(messageBytes: max(body.count, 1), descriptors: Int(shape >> 2 & 3)).header + body
        } else {
            piece = input.bytes(Int(input.byte()))
        }
        let files = [Int32](repeating: peer.descriptor.raw, count: Int(shape >> 2 & (shape & 0x80 != 0 ? 31 : 3)))
        if !piece.isEmpty { _ = piece.withUnsafeBytes { b in try? peer.send(b, descriptors: files) } }
        isOpen = hear(&channel)
    }
    _ = shutdown(peer.descriptor.raw, Int32(SHUT_WR))
    if isOpen { must(!hear(&channel), "the end was not noticed") }
}

/// Takes every message; false when the conversation is over.
private func hear(_ channel: inout ControlChannel) -> Bool {
    do throws(ControlError) {
        while var received = try channel.next() {
            if case .request(let id, .start(let configuration)) = received.message {
                do throws(ConfigurationError) {
                    try configuration.validate(descriptors: received.descriptors.count)
                } catch {
                    must(!"\(error)".isEmpty, "an error says nothing")
                }
                _ = received.descriptors.take(configuration.boot.kernel)
                try channel.reply(to: id, .done)
            }
            let encoded = Record.encode(received.message)
            do throws(RecordError) {
                let again = try Record.decode(ControlMessage.self, encoded)
                must(again == received.message, "a message reads differently once written")
            } catch {
                fatalError("what was written does not read: \(error)")
            }
        }
        return true
    } catch {
        must(!error.description.isEmpty, "an error says nothing")
        return false
    }
}

private func lowestFree() -> Int32 {
    let number = dup(0)
    if number >= 0 { close(number) }
    return number
}

/// A start request of a machine with everything, and the small requests.
@_cdecl("LLVMFuzzerInitialize")
public func seedControl(_ count: UnsafeMutableRawPointer, _ words: UnsafeMutableRawPointer) -> CInt {
    func piece(_ message: ControlMessage, descriptors: UInt8) -> [UInt8] {
        let body = Record.encode(message)
        must(body.count < 255 * 17, "a seed is too long")
        let high = max(body.count - 240, 0) / 16, low = body.count - high * 16
        return [3 | descriptors << 2, UInt8(low), UInt8(high)] + body
    }
    guard let uuid = MachineUUID(bytes: [UInt8](repeating: 1, count: 16)) else { fatalError("no UUID") }
    var machine = MachineConfiguration(
        name: "a", uuid: uuid, cpu: CPUConfiguration(topology: CPUTopology(sockets: 1, cores: 2, threads: 1)),
        memory: MemoryConfiguration(bytes: 64 << 20), boot: BootConfiguration(kernel: DescriptorSlot(rawValue: 0)))
    let small = piece(.request(id: 1, .start(machine)), descriptors: 1)
    machine.memory.nodes = [NUMANode(bytes: 64 << 20, vcpus: [0, 1])]
    machine.disks = [DiskConfiguration(name: "d", file: DescriptorSlot(rawValue: 1), serial: "s")]
    machine.disks[0].format = .qcow2
    machine.disks[0].backing = [ImageLayer(file: DescriptorSlot(rawValue: 3), format: .raw)]
    machine.disks[0].byteLimit = DiskRateLimit(perSecond: 1)
    machine.rng = .getrandom
    machine.console = .listener(slot: DescriptorSlot(rawValue: 2))
    machine.balloon = BalloonConfiguration()
    machine.watchdog = .reset
    machine.channels = [ChannelConfiguration(name: "c", end: .stream(slot: DescriptorSlot(rawValue: 3)))]
    let large = piece(.request(id: 2, .start(machine)), descriptors: 4)
    FuzzSeeds.write("start-small", small)
    FuzzSeeds.write("start-large", large)
    let requests: [ControlRequest] = [
        .pause, .resume, .reset, .status, .statistics, .powerButton, .balloon(bytes: 1), .stop,
    ]
    FuzzSeeds.write("requests", requests.flatMap { piece(.request(id: 3, $0), descriptors: 0) })
    let report = StartReport(marks: [TimingMark(name: "m", nanoseconds: 1)], vcpuThreads: [1])
    let events: [ControlEvent] = [
        .started(report), .paused, .guestReset(cause: .acpi), .failed(message: "m"),
        .watchdogExpired(action: .pause), .channelsChanged(open: ["c"]),
    ]
    FuzzSeeds.write("events", events.flatMap { piece(.event($0), descriptors: 0) })
    FuzzSeeds.write("replies", piece(.reply(id: 1, .status(MachineStatus(state: .running))), descriptors: 0))
    return 0
}
