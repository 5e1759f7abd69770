// SPDX-License-Identifier: Apache-2.0

import Hardware
import Runtime

/// A driver of the memory balloon (virtio 1.2 §5.5).
struct Balloon {
    private static let statistics: UInt64 = 1 << 1
    private static let reporting: UInt64 = 1 << 5
    private static let mark: UInt64 = 0xBA11_0000_5A5A_5A5A
    private static let pages = 512
    private let machine: Machine
    private let device: VirtioDevice
    private let features: UInt64
    private let inflate: Lane
    private let deflate: Lane
    private let statistics: Lane
    private let reporting: Lane?
    private let numbers: UInt64
    private let area: UInt64

    init(_ machine: Machine) throws(Failure) {
        self.machine = machine
        device = try VirtioDevice(try PCI(machine).find(vendor: 0x1AF4, device: 0x1045))
        features = try device.negotiate(
            Balloon.statistics | Balloon.reporting | Lane.features(device, machine))
        inflate = try Lane(device, 0, features: features, machine)
        deflate = try Lane(device, 1, features: features, machine)
        statistics = try Lane(device, 2, features: features, machine)
        reporting = features & Balloon.reporting != 0 ? try Lane(device, 3, features: features, machine) : nil
        numbers = try Physical.allocate(bytes: 4096)
        area = try Physical.allocate(bytes: Balloon.pages * 4096, alignment: 2 << 20)
        device.start()
    }

    func run() throws(Failure) {
        // Every second page: those between must stay.
        for page in 0..<Balloon.pages { Physical.write64(area + UInt64(page) * 4096, Balloon.mark) }
        for page in 0..<Balloon.pages / 2 { hw_store32(numbers + UInt64(page) * 4, number(page * 2)) }
        try inflate.offer(numbers, Balloon.pages * 2)
        _ = try inflate.wait()
        try check(Balloon.pages) { $0 % 2 == 0 }
        try deflate.offer(numbers, Balloon.pages * 2)
        _ = try deflate.wait()
        report("result") {
            $0.field("kind", "inflated")
            $0.field("pages", Balloon.pages / 2)
        }
        if let reporting {
            for page in 0..<Balloon.pages { Physical.write64(area + UInt64(page) * 4096, Balloon.mark) }
            try reporting.offer(area, Balloon.pages * 4096 / 2, deviceWrites: true)
            _ = try reporting.wait()
            try check(Balloon.pages) { $0 < Balloon.pages / 2 }
            report("result") {
                $0.field("kind", "reported")
                $0.field("pages", Balloon.pages / 2)
            }
        }
        let rounds = machine.arguments.number("rounds", 2)
        for round in 0..<rounds {
            // Tags 4, free, and 5, total.
            hw_store16(numbers, 4)
            hw_store64(numbers + 2, (round + 1) << 20)
            hw_store16(numbers + 10, 5)
            hw_store64(numbers + 12, 128 << 20)
            try statistics.offer(numbers, 20)
            _ = try statistics.wait()
        }
        report("result") {
            $0.field("kind", "asked")
            $0.field("rounds", rounds)
        }
        try reachTarget()
    }

    private func number(_ page: Int) -> UInt32 { UInt32(truncatingIfNeeded: (area >> 12) + UInt64(page)) }

    private func check(_ pages: Int, isEmpty: (Int) -> Bool) throws(Failure) {
        for page in 0..<pages {
            let found = Physical.read64(area + UInt64(page) * 4096)
            let wanted = isEmpty(page) ? 0 : Balloon.mark
            guard found == wanted else { throw Failure("page", seen: UInt64(page), wanted: wanted) }
        }
    }

    /// Waits for the host's wish and says that it is fulfilled.
    private func reachTarget() throws(Failure) {
        let target = machine.arguments.number("target", 0)
        guard target > 0 else { return }
        report("result") { $0.field("kind", "waiting") }
        let start = Clock.now
        while UInt64(hw_load32(device.config)) != target {
            if machine.clock.milliseconds(since: start) > 20_000 {
                throw Failure("no-target", seen: UInt64(hw_load32(device.config)), wanted: target)
            }
            hw_pause()
        }
        hw_store32(device.config + 4, UInt32(truncatingIfNeeded: target))
        report("result") {
            $0.field("kind", "reached")
            $0.field("pages", target)
        }
    }
}
