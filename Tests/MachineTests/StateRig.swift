// SPDX-License-Identifier: Apache-2.0

import Control
import Glibc
import GuestMemory
import KVM
import Linux
import Sandbox
import Synchronization
import Testing

@testable import Machine

/// One machine in this process that runs a payload, and what the payload printed.
final class StateRig: Sendable {
    static let isAvailable = (try? System.open().createVM()) != nil

    let machine: Machine
    private let output: Int32

    /// Builds a machine; nothing runs.
    /// - Parameters:
    ///   - disks: raw images, which several machines may have one after the other.
    ///   - taps: open taps, an interface each, which several machines may have as well.
    ///   - isConfined: its threads run behind their filters.
    init(
        _ payload: String, _ words: String = "", vcpus: UInt32 = 1, memory: UInt64 = 64 << 20, disks: [Int32] = [],
        taps: [Int32] = [], isConfined: Bool = false, adjust: (inout MachineConfiguration) -> Void = { _ in }
    ) throws {
        try OSThread.prepareKicks()
        var bundle = DescriptorBundle()
        let console = try FileDescriptor.memory(named: "console", bytes: 0)
        let kernel = try StateRig.add(try FileDescriptor.open(GuestPayload.path(payload), O_RDONLY), to: &bundle)
        var configuration = MachineConfiguration(
            name: "test", uuid: try #require(MachineUUID(bytes: Array(1...16))),
            cpu: CPUConfiguration(topology: CPUTopology(cores: vcpus)), memory: MemoryConfiguration(bytes: memory),
            boot: BootConfiguration(kernel: kernel, commandLine: words))
        configuration.console = .stdio(
            input: try StateRig.add(try FileDescriptor.open("/dev/null", O_RDONLY), to: &bundle),
            output: try StateRig.add(try FileDescriptor.duplicate(of: console.raw), to: &bundle))
        for (index, disk) in disks.enumerated() {
            let file = try StateRig.add(try FileDescriptor.duplicate(of: disk), to: &bundle)
            configuration.disks.append(DiskConfiguration(name: "disk\(index)", file: file))
        }
        for (index, tap) in taps.enumerated() {
            let bytes: [UInt8] = [2, 0, 0, 0, 0, UInt8(index + 1)]
            guard let address = Control.MACAddress(bytes: bytes) else { throw Errno(code: EINVAL, call: "test") }
            configuration.nets.append(
                NetConfiguration(
                    name: "net\(index)", taps: [try StateRig.add(try FileDescriptor.duplicate(of: tap), to: &bundle)],
                    mac: address))
        }
        adjust(&configuration)
        machine = try Machine(
            configuration, descriptors: bundle, system: try System.open(), cage: Cage(isClosed: isConfined))
        output = console.release()
    }

    deinit {
        machine.end()
        close(output)
    }

    /// All that the payload printed so far, in whole lines.
    var console: String {
        var status = stat()
        guard fstat(output, &status) == 0 else { return "" }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        let count = pread(output, &bytes, bytes.count, 0)
        let lines = bytes[..<max(count, 0)].lastIndex(of: 0x0A).map { bytes[...$0] } ?? []
        return String(decoding: lines, as: UTF8.self)
    }

    /// Waits until the payload has printed `text` as often as this.
    func wait(for text: String, times: Int = 1) throws {
        while StateRig.count(text, in: console) < times {
            while let event = machine.serve() {
                guard event == .poweredOff, StateRig.count(text, in: console) < times else { continue }
                // The console's thread may still be at work on the last words.
                usleep(300_000)
                try #require(StateRig.count(text, in: console) >= times, "\(text) did not come: \(console)")
            }
            usleep(2000)
        }
    }

    /// The last list of ticks the counter has printed, one a vCPU.
    var ticks: [UInt64] {
        guard let line = console.split(whereSeparator: \.isNewline).last(where: { $0.contains("kind=ticks ms=") }),
            let list = line.split(separator: " ").last(where: { $0.hasPrefix("ticks=") })
        else { return [] }
        return list.dropFirst(6).split(separator: ",").compactMap { UInt64($0) }
    }

    /// Copies every page that is not zero into another machine of the same size, which has none yet.
    func copyMemory(to other: StateRig) throws {
        let page = 4096
        let zeros = [UInt8](repeating: 0, count: page)
        for region in machine.memory.layout.regions {
            let source = try machine.memory.bytes(at: region.start, count: Int(region.count))
            let target = try other.machine.memory.bytes(at: region.start, count: Int(region.count))
            let from = try #require(source.baseAddress), to = try #require(target.baseAddress)
            for at in stride(from: 0, to: source.count, by: page) where memcmp(from + at, zeros, page) != 0 {
                memcpy(to + at, from + at, page)
            }
        }
    }

    /// Pauses, ends this machine unless its guest has ended already, and lets one that `build` makes take everything up, through the encoded form.
    func move(_ build: () throws -> StateRig) throws -> StateRig {
        machine.pause()
        while let event = machine.serve() {
            // It was faster than the test.
            if event == .poweredOff { return self }
        }
        let state = try machine.state()
        machine.end()
        let other = try build()
        try copyMemory(to: other)
        try other.machine.restore(try SavedState.decode(state.encoded))
        return other
    }

    private static func add(
        _ file: consuming FileDescriptor, to bundle: inout DescriptorBundle
    ) throws(Errno) -> DescriptorSlot {
        guard let slot = bundle.add(file) else { throw Errno(code: EMFILE, call: "test") }
        return slot
    }

    private static func count(_ text: String, in all: String) -> Int {
        var (count, rest) = (0, all[...])
        while let found = rest.firstRange(of: text) {
            count += 1
            rest = rest[found.upperBound...]
        }
        return count
    }
}
