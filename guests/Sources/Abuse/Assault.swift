// SPDX-License-Identifier: Apache-2.0

import Hardware
import Runtime

/// One attack, with its own random numbers.
struct Assault {
    private static let indirect: UInt64 = 1 << 28
    private let target: Target
    private let settle: UInt64
    private let ramEnd: UInt64
    private var random: Random

    init(_ target: Target, _ machine: Machine, random: Random) {
        self.target = target
        self.random = random
        settle = machine.arguments.number("settle", 2000)
        ramEnd = machine.memory.reduce(UInt64(0)) { $1.isRAM ? max($0, $1.end) : $0 }
    }

    mutating func perform(_ attack: Attack) throws(Failure) -> Reaction {
        switch attack {
        case .unofferedFeatures: return try offerFeatures()
        case .startWithoutQueues:
            _ = try target.device.negotiate(0)
            target.device.start()
            return notify()
        case .ringsOutOfRange, .oddQueueSize, .queueWithoutRings:
            return try setUpBadly(attack)
        case .scribbledConfiguration:
            try target.prepare(features: 0)
            for _ in 0..<64 { scribbleConfiguration() }
            return .quiet
        default: break
        }
        try target.prepare(features: Assault.indirect)
        plainRequest()
        switch attack {
        case .resetMidFlight:
            kick(available: 1)
            try target.device.reset()
            return .quiet
        case .queueResetMidFlight:
            kick(available: 1)
            hw_store16(target.device.common + 22, target.queueIndex)
            hw_store16(target.device.common + 28, 0)
            hw_store16(target.device.common + 58, 1)
            return notify()
        case .movedBAR, .decodingOff: return try disturbBAR(moves: attack == .movedBAR)
        case .strangeNotifications: return notifyStrangely()
        case .scribbledStructures: return scribbleStructures()
        case .indexJump:
            let jumps: [UInt16] = [Target.size + 1, 0x8000, 0xFFFF, 0x7FFF]
            kick(available: jumps[Int(random.below(4))])
        case .strangeHead:
            let heads: [UInt16] = [Target.size, 0x7FFF, 0xFFFF]
            target.offer(head: heads[Int(random.below(3))], at: 0)
            kick(available: 1)
        default:
            malform(attack)
            kick(available: 1)
        }
        return settleDown()
    }

    /// Something the device would accept, so that only the attack is wrong.
    private func plainRequest() {
        let buffer = target.buffer
        target.describe(0, buffer, 16, flags: 1, next: 1)
        target.describe(1, buffer + 512, 512, flags: target.kind.onlyReads ? 1 : 3, next: 2)
        target.describe(2, buffer + 16, 1, flags: target.kind.onlyReads ? 0 : 2, next: 0)
        target.offer(head: 0, at: 0)
    }

    /// Breaks the plain request in the descriptor table or an indirect one.
    private mutating func malform(_ attack: Attack) {
        let (buffer, table) = (target.buffer, target.table)
        let direction: UInt16 = target.kind.onlyReads ? 0 : 2
        switch attack {
        case .descriptorLoop:
            target.describe(1, buffer + 512, 512, flags: 1 | direction, next: random.next() & 1 == 0 ? 0 : 1)
        case .nextBeyondTable:
            let beyond: [UInt16] = [Target.size, Target.size + 1, 0x8000, 0xFFFF]
            target.describe(0, buffer, 16, flags: 1, next: beyond[Int(random.below(4))])
        case .addressOutOfRange:
            let victim = UInt16(random.below(3))
            target.describe(
                victim, strangeAddress(), 512, flags: (victim == 2 ? 0 : 1) | (victim == 0 ? 0 : direction),
                next: victim + 1)
        case .emptyDescriptors:
            for index in UInt16(0)..<3 {
                let flags: UInt16 = (index == 2 ? 0 : 1) | (index == 0 ? 0 : direction)
                target.describe(index, random.next() & 1 == 0 ? 0 : buffer, 0, flags: flags, next: index + 1)
            }
        case .hugeLengths:
            for index in UInt16(0)..<3 {
                let flags: UInt16 = (index == 2 ? 0 : 1) | (index == 0 ? 0 : direction)
                target.describe(index, ramEnd - 4096, .max - UInt32(random.below(2)), flags: flags, next: index + 1)
            }
        case .nestedIndirect:
            target.describe(in: table, 0, table + 64, 32, flags: 4, next: 0)
            target.describe(in: table, 4, table, 32, flags: 4, next: 0)
            target.describe(0, table, 32, flags: 4, next: 0)
        case .oversizeIndirect:
            for index in UInt16(0)..<4095 {
                target.describe(in: table, index, buffer, 16, flags: 1 | (index == 0 ? 0 : direction), next: index + 1)
            }
            target.describe(0, table, 65536, flags: 4, next: 0)
        case .brokenIndirect:
            let lengths: [UInt32] = [0, 1, 15, 17, .max, .max & ~15, 16]
            let address = random.next() & 3 == 0 ? strangeAddress() : table
            target.describe(in: table, 0, buffer, 16, flags: 1, next: 0xFFFF)
            target.describe(0, address, lengths[Int(random.below(7))], flags: random.next() & 1 == 0 ? 4 : 5, next: 1)
        case .wrongOrder:
            target.describe(0, buffer, 16, flags: 3, next: 1)
            target.describe(1, buffer + 512, 512, flags: 1, next: 2)
            target.describe(2, buffer + 16, 1, flags: 0, next: 0)
        case .shortHeader:
            let lengths: [UInt32] = [1, 8, 15]
            target.describe(0, buffer, lengths[Int(random.below(3))], flags: UInt16(random.below(2)), next: 2)
        default:
            // Random descriptors keep to harmless addresses: the device may well obey them.
            for index in UInt16(0)..<Target.size {
                let address = random.next() & 3 == 0 ? strangeAddress() : buffer + random.below(32768)
                target.describe(
                    index, address, UInt32(random.below(32768)), flags: UInt16(random.below(8)),
                    next: UInt16(random.below(UInt64(Target.size) + 2)))
            }
        }
    }

    /// Where no RAM is, or where it ends, or where arithmetic wraps, or the device itself.
    private mutating func strangeAddress() -> UInt64 {
        switch random.below(7) {
        case 0: ramEnd
        case 1: ramEnd - 8
        case 2: .max
        case 3: .max - 511
        case 4: 1 << 52
        case 5: 0xA800_0000
        default: target.device.common
        }
    }

    private mutating func offerFeatures() throws(Failure) -> Reaction {
        let device = target.device
        try device.reset()
        device.setStatus(3)
        let offered = device.offered
        device.accept(random.next() & 1 == 0 ? offered | random.next() : offered & ~Features.version1)
        device.setStatus(11)
        return device.status & 8 == 0 ? .refused : .quiet
    }

    private mutating func setUpBadly(_ attack: Attack) throws(Failure) -> Reaction {
        _ = try target.device.negotiate(0)
        let common = target.device.common
        switch attack {
        case .ringsOutOfRange:
            let (first, second, third) = (strangeAddress(), strangeAddress(), strangeAddress())
            target.setQueue(target.queueIndex, size: Target.size, first, second, third)
        case .oddQueueSize:
            let sizes: [UInt16] = [0, 3, 0xFFFF, 0x8000, 1]
            target.setQueue(
                target.queueIndex, size: sizes[Int(random.below(5))], target.descriptors, target.available, target.used)
        default: target.setQueue(target.queueIndex, size: Target.size, 0, 0, 0)
        }
        if attack != .queueWithoutRings { hw_store16(common + 28, 1) }
        target.device.start()
        return notify()
    }

    /// Moves the BAR of the common structure, or stops its decoding, while a request is under way, and puts it back.
    private mutating func disturbBAR(moves: Bool) throws(Failure) -> Reaction {
        let function = target.function
        // The structure of type 1 is the common one (virtio 1.2 §4.1.4).
        guard let capability = function.capabilities(0x09).first(where: { function.read8($0 + 3) == 1 }) else {
            return .quiet
        }
        let bar = function.read8(capability + 4)
        let (base, command) = (try function.bar(bar), function.read16(4))
        kick(available: 1)
        for _ in 0..<8 {
            if moves {
                let elsewhere = 0xE800_0000 + random.below(16) << 20
                function.moveBAR(bar, to: elsewhere)
                _ = hw_load32(elsewhere + random.below(64) & ~3)
                _ = hw_load32(base)
                function.moveBAR(bar, to: base)
            } else {
                function.write16(4, command & ~6)
                _ = hw_load32(target.device.common)
                function.write16(4, command)
            }
        }
        return notify()
    }

    private mutating func notifyStrangely() -> Reaction {
        let doorbell = target.device.doorbell(target.queueIndex)
        for _ in 0..<16 {
            switch random.below(4) {
            case 0: hw_store16(doorbell, UInt16(truncatingIfNeeded: random.next()))
            case 1: hw_store32(doorbell, UInt32(truncatingIfNeeded: random.next()))
            case 2: hw_store8(doorbell, UInt8(truncatingIfNeeded: random.next()))
            default: hw_store16(doorbell + random.below(64) * 4, UInt16(truncatingIfNeeded: random.next()))
            }
            _ = hw_load32(doorbell)
        }
        return settleDown()
    }

    /// Random writes and reads of every size and alignment around the common, device and notify structures.
    private mutating func scribbleStructures() -> Reaction {
        let device = target.device
        let bases = [device.common, device.config == 0 ? device.common : device.config, device.doorbell(0)]
        for _ in 0..<128 {
            let base = bases[Int(random.below(3))]
            // Not the addresses of the rings: a device obeying them would write over this payload.
            let offset = random.below(64)
            let value = random.next()
            let isRing = base == device.common && offset + 8 > 28 && offset < 56
            switch random.below(isRing ? 4 : 8) {
            case 0: _ = hw_load8(base + offset)
            case 1: _ = hw_load16(base + offset)
            case 2: _ = hw_load32(base + offset)
            case 3: _ = hw_load64(base + offset)
            case 4: hw_store8(base + offset, UInt8(truncatingIfNeeded: value))
            case 5: hw_store16(base + offset, UInt16(truncatingIfNeeded: value))
            case 6: hw_store32(base + offset, UInt32(truncatingIfNeeded: value))
            default: hw_store64(base + offset, value)
            }
        }
        return device.needsReset ? .needsReset : .quiet
    }

    /// Random writes and reads of configuration space with decoding and bus mastering off.
    private mutating func scribbleConfiguration() {
        let function = target.function
        function.write16(4, 0)
        let value = random.next()
        // The command register stays: a BAR must not come up where memory is.
        let offset = UInt16(8 + random.below(248))
        switch random.below(6) {
        case 0: function.write8(offset, UInt8(truncatingIfNeeded: value))
        case 1: function.write16(offset & ~1, UInt16(truncatingIfNeeded: value))
        case 2: function.write32(offset & ~3, UInt32(truncatingIfNeeded: value))
        case 3: _ = function.read8(offset)
        case 4: _ = function.read16(offset & ~1)
        default: _ = function.read32(offset & ~3)
        }
    }

    private func kick(available count: UInt16) {
        hw_store16(target.available + 2, count)
        hw_fence()
        hw_store16(target.device.doorbell(target.queueIndex), target.queueIndex)
    }

    private func notify() -> Reaction {
        hw_store16(target.device.doorbell(target.queueIndex), target.queueIndex)
        return settleDown()
    }

    /// Gives the device its time to react.
    private func settleDown() -> Reaction {
        let start = Clock.now
        while (Clock.now &- start) * 1000 / target.clock.cyclesPerMillisecond < settle {
            if target.device.needsReset { return .needsReset }
            if hw_load16(target.used + 2) != 0 { return .refused }
            hw_pause()
        }
        return .quiet
    }
}
