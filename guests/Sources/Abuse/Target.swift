// SPDX-License-Identifier: Apache-2.0

import Hardware
import Runtime

/// The device under attack, and the proof that it still does its work.
///
/// Everything is polled and MSI-X stays masked: a device that raises what was scribbled into its table would only be
/// obeying, and the interrupt would hit this guest.
final class Target {
    /// What kind of device it is, by its PCI device id.
    enum Kind: UInt16 {
        case net = 0x1041
        case block = 0x1042
        case console = 0x1043
        case random = 0x1044
        case balloon = 0x1045

        /// Whether the queue under attack takes only what the device reads.
        var onlyReads: Bool { self != .block && self != .random }
    }

    static let size: UInt16 = 16
    let kind: Kind
    let device: VirtioDevice
    let function: PCIFunction
    let clock: Clock
    /// The queue attacks go to: the transmit queue of a network device, the control queue of a console, the queue of a
    /// balloon that gives pages back, because the other would take this guest's own.
    var queueIndex: UInt16 {
        switch kind {
        case .net, .balloon: 1
        case .console: 3
        case .block, .random: 0
        }
    }
    /// Rings and buffers, zeroed before each attack: descriptors, available, used, indirect table, header, data.
    let descriptors: UInt64
    let available: UInt64
    let used: UInt64
    let table: UInt64
    let buffer: UInt64
    private var saved: [UInt32] = []

    init(_ machine: Machine) throws(Failure) {
        kind =
            if machine.arguments.has("target", "net") {
                .net
            } else if machine.arguments.has("target", "rng") {
                .random
            } else if machine.arguments.has("target", "console") {
                .console
            } else if machine.arguments.has("target", "balloon") {
                .balloon
            } else {
                .block
            }
        function = try PCI(machine).find(vendor: 0x1AF4, device: kind.rawValue)
        device = try VirtioDevice(function)
        clock = machine.clock
        descriptors = try Physical.allocate(bytes: 4096)
        available = try Physical.allocate(bytes: 4096)
        used = try Physical.allocate(bytes: 4096)
        table = try Physical.allocate(bytes: 65536)
        buffer = try Physical.allocate(bytes: 65536)
        function.write16(function.capabilities(0x11)[0] + 2, 0)
        for offset in stride(from: UInt16(0), to: 256, by: 4) { saved.append(function.read32(offset)) }
    }

    /// Resets the device, negotiates `features` and enables the queue under attack with good rings.
    func prepare(features: UInt64) throws(Failure) {
        // VIRTIO_CONSOLE_F_MULTIPORT brings the control queue.
        _ = try device.negotiate(kind == .console ? features | 2 : features)
        for page in [descriptors, available, used, buffer] { Physical.clear(page, bytes: 4096) }
        setQueue(queueIndex, size: Target.size, descriptors, available, used)
        hw_store16(device.common + 28, 1)
        device.start()
    }

    /// Writes a queue's size and addresses without enabling it.
    func setQueue(_ index: UInt16, size: UInt16, _ first: UInt64, _ second: UInt64, _ third: UInt64) {
        let common = device.common
        hw_store16(common + 22, index)
        hw_store16(common + 24, size)
        hw_store16(common + 26, 0xFFFF)
        for (offset, value) in [(UInt64(32), first), (40, second), (48, third)] {
            hw_store32(common + offset, UInt32(truncatingIfNeeded: value))
            hw_store32(common + offset + 4, UInt32(truncatingIfNeeded: value >> 32))
        }
    }

    /// Puts configuration space back as it was found and resets the device.
    /// - Throws: when the device does not come back.
    func recover() throws(Failure) {
        function.write16(4, 0)
        for index in saved.indices.reversed() where index != 1 { function.write32(UInt16(index * 4), saved[index]) }
        function.write32(4, saved[1] & 0xFFFF)
        try device.reset()
    }

    /// One plain request from a fresh start, which must come back right.
    /// - Throws: when it does not.
    func prove() throws(Failure) {
        try prepare(features: 0)
        let bytes: UInt32
        switch kind {
        case .block:
            hw_store8(buffer + 16, 0xFF)
            describe(0, buffer, 16, flags: 1, next: 1)
            describe(1, buffer + 512, 512, flags: 3, next: 2)
            describe(2, buffer + 16, 1, flags: 2, next: 0)
            bytes = 513
        case .random:
            describe(0, buffer, 64, flags: 2, next: 0)
            bytes = 1
        case .console, .balloon:
            describe(0, buffer, 8, flags: 0, next: 0)
            bytes = 0
        case .net:
            for offset in UInt64(0)..<12 { hw_store8(buffer + 12 + offset, offset < 6 ? 0xFF : 0x02) }
            describe(0, buffer, 72, flags: 0, next: 0)
            bytes = 0
        }
        offer(head: 0, at: 0)
        hw_store16(available + 2, 1)
        hw_fence()
        hw_store16(device.doorbell(queueIndex), queueIndex)
        let start = Clock.now
        while hw_load16(used + 2) == 0 {
            if clock.milliseconds(since: start) > 20_000 { throw Failure("device-does-not-answer") }
            hw_pause()
        }
        guard hw_load16(used + 2) == 1, hw_load32(used + 4) == 0 else {
            throw Failure("wrong-completion", seen: hw_load64(used))
        }
        if !kind.onlyReads, hw_load32(used + 8) < bytes {
            throw Failure("wrong-length", seen: UInt64(hw_load32(used + 8)), wanted: UInt64(bytes))
        }
        if kind == .block, hw_load8(buffer + 16) != 0 {
            throw Failure("read-failed", seen: UInt64(hw_load8(buffer + 16)))
        }
        if device.needsReset { throw Failure("device-needs-reset") }
        try device.reset()
    }

    /// Writes a descriptor of the queue.
    func describe(_ index: UInt16, _ address: UInt64, _ length: UInt32, flags: UInt16, next: UInt16) {
        describe(in: descriptors, index, address, length, flags: flags, next: next)
    }

    /// Writes a descriptor of any table.
    func describe(
        in table: UInt64, _ index: UInt16, _ address: UInt64, _ length: UInt32, flags: UInt16, next: UInt16
    ) {
        let entry = table + UInt64(index) * 16
        hw_store64(entry, address)
        hw_store32(entry + 8, length)
        hw_store16(entry + 12, flags)
        hw_store16(entry + 14, next)
    }

    /// Writes an entry of the available ring.
    func offer(head: UInt16, at index: UInt16) {
        hw_store16(available + 4 + UInt64(index % Target.size) * 2, head)
    }
}
