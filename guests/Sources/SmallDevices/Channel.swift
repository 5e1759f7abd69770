// SPDX-License-Identifier: Apache-2.0

import Hardware
import Runtime

/// A driver of the virtio console's first channel (virtio 1.2 §5.3), which sends back what it gets.
struct Channel {
    private static let multiport: UInt64 = 1 << 1
    private let machine: Machine
    private let told: Lane
    private let says: Lane
    private let receives: Lane
    private let sends: Lane
    private let news: UInt64
    private let word: UInt64
    private let data: UInt64

    init(_ machine: Machine) throws(Failure) {
        self.machine = machine
        let device = try VirtioDevice(try PCI(machine).find(vendor: 0x1AF4, device: 0x1043))
        let features = try device.negotiate(Channel.multiport | Lane.features(device, machine))
        guard features & Channel.multiport != 0, hw_load32(device.config + 4) >= 2 else { throw Failure("no-ports") }
        told = try Lane(device, 2, features: features, machine)
        says = try Lane(device, 3, features: features, machine)
        receives = try Lane(device, 4, features: features, machine)
        sends = try Lane(device, 5, features: features, machine)
        news = try Physical.allocate(bytes: 4096)
        word = try Physical.allocate(bytes: 4096)
        data = try Physical.allocate(bytes: 4096)
        device.start()
    }

    func run() throws(Failure) {
        try say(0, port: .max, value: 1)
        try expect(1)
        try say(3, port: 1, value: 1)
        let name = try expect(7)
        report("result") {
            $0.field("kind", "port")
            $0.field("name_bytes", name - 8)
        }
        let rounds = machine.arguments.number("rounds", 1)
        for round in 0..<rounds {
            try say(6, port: 1, value: 1)
            report("result") {
                $0.field("kind", "open")
                $0.field("round", round)
            }
            var lines: UInt64 = 0
            while try echo() { lines += 1 }
            try say(6, port: 1, value: 0)
            report("result") {
                $0.field("kind", "closed")
                $0.field("lines", lines)
            }
        }
    }

    /// Sends back what comes; false once it was "bye".
    private func echo() throws(Failure) -> Bool {
        try receives.offer(data, 4096, deviceWrites: true)
        let bytes = try receives.wait()
        try sends.offer(data, bytes)
        _ = try sends.wait()
        return !(bytes >= 3 && hw_load8(data) == 0x62 && hw_load8(data + 1) == 0x79 && hw_load8(data + 2) == 0x65)
    }

    private func say(_ event: UInt16, port: UInt32, value: UInt16) throws(Failure) {
        hw_store32(word, port)
        hw_store16(word + 4, event)
        hw_store16(word + 6, value)
        try says.offer(word, 8)
        _ = try says.wait()
    }

    /// Waits for a message about port 1; says how long it is. News of who is there on the host are passed over.
    @discardableResult
    private func expect(_ event: UInt16) throws(Failure) -> Int {
        while true {
            try told.offer(news, 4096, deviceWrites: true)
            let bytes = try told.wait()
            let found = hw_load16(news + 4)
            if found == event, hw_load32(news) == 1 { return bytes }
            guard found == 6 else { throw Failure("message", seen: UInt64(found), wanted: UInt64(event)) }
        }
    }
}
