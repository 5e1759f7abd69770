// SPDX-License-Identifier: Apache-2.0

import GuestMemory
import Network
import TestSupport
import Testing
import Virtio

@testable import Devices

@Suite("A network card's control queue")
struct NetControlTests {
    private static let features =
        NetFeature.control | NetFeature.controlReceive | NetFeature.controlReceiveExtra | NetFeature.controlVLAN
        | NetFeature.controlAddress | NetFeature.announce | NetFeature.controlOffloads | NetFeature.guestChecksum
        | NetFeature.guestTCP4 | NetFeature.guestTCP6 | NetFeature.mergeable
    private static let mac = MACAddress(rawValue: 0x02_0000_0000_AA)

    struct Case: Sendable, CustomTestStringConvertible {
        var what: String
        var bytes: [UInt8]
        var features: UInt64 = NetControlTests.features | NetFeature.multiQueue
        var isDone = true
        var after: @Sendable (NetState) -> Bool = { _ in true }
        var testDescription: String { what }
    }

    private static func table(_ macs: [UInt64]) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: macs.count >> (8 * $0)) }
            + macs.flatMap { MACAddress(rawValue: $0).bytes }
    }

    static let cases: [Case] = [
        Case(what: "promiscuous off", bytes: [0, 0, 0], after: { !$0.receiving.isPromiscuous }),
        Case(what: "promiscuous on", bytes: [0, 0, 1], after: { $0.receiving.isPromiscuous }),
        Case(what: "all groups", bytes: [0, 1, 1], after: { $0.receiving.allMulticast }),
        Case(what: "all stations", bytes: [0, 2, 1], after: { $0.receiving.allUnicast }),
        Case(what: "no groups", bytes: [0, 3, 1], after: { $0.receiving.noMulticast }),
        Case(what: "no stations", bytes: [0, 4, 1], after: { $0.receiving.noUnicast }),
        Case(what: "no broadcast", bytes: [0, 5, 1], after: { $0.receiving.noBroadcast }),
        Case(what: "a mode nobody knows", bytes: [0, 6, 1], isDone: false),
        Case(what: "a mode without its byte", bytes: [0, 0], isDone: false),
        Case(what: "a mode that was not negotiated", bytes: [0, 0, 0], features: NetFeature.control, isDone: false),
        Case(
            what: "two tables", bytes: [1, 0] + table([0x02_0000_0000_01]) + table([0x01_0000_5E00_01]),
            after: {
                $0.receiving.unicast == [MACAddress(rawValue: 0x02_0000_0000_01)]
                    && $0.receiving.multicast == [MACAddress(rawValue: 0x01_0000_5E00_01)]
            }),
        Case(
            what: "a table that is too long to keep",
            bytes: [1, 0] + table((0..<65).map { 0x02 << 40 | $0 }) + table([]),
            after: { $0.receiving.unicast == nil && $0.receiving.multicast == [] }),
        Case(
            what: "a table that ends before its count", bytes: [1, 0] + table([1, 2]).dropLast() + [], isDone: false),
        Case(what: "a table of four thousand million", bytes: [1, 0, 255, 255, 255, 255, 0, 0, 0, 0], isDone: false),
        Case(what: "only one table", bytes: [1, 0] + table([2]), isDone: false),
        Case(
            what: "an address", bytes: [1, 1, 2, 0, 0, 0, 0, 9],
            after: { $0.mac == MACAddress(rawValue: 0x02_0000_0000_09) }),
        Case(what: "a group's address", bytes: [1, 1, 1, 0, 0, 0, 0, 9], isDone: false),
        Case(what: "an address of five bytes", bytes: [1, 1, 2, 0, 0, 0, 0], isDone: false),
        Case(what: "a VLAN", bytes: [2, 0, 0x34, 0x02], after: { $0.receiving.vlans == [0x234] }),
        Case(what: "a VLAN that is not there taken away", bytes: [2, 1, 1, 0], after: { $0.receiving.vlans == [] }),
        Case(what: "VLAN 4096", bytes: [2, 0, 0, 0x10], isDone: false),
        Case(what: "an announcement made", bytes: [3, 0], after: { !$0.announces }),
        Case(what: "an announcement of another kind", bytes: [3, 1], isDone: false),
        Case(what: "one pair", bytes: [4, 0, 1, 0], after: { $0.pairs == 1 }),
        Case(what: "all pairs", bytes: [4, 0, 4, 0], after: { $0.pairs == 4 }),
        Case(what: "no pair", bytes: [4, 0, 0, 0], isDone: false),
        Case(what: "more pairs than there are", bytes: [4, 0, 5, 0], isDone: false),
        Case(what: "pairs without multi-queue", bytes: [4, 0, 1, 0], features: features, isDone: false),
        Case(what: "receive-side scaling", bytes: [4, 1] + [UInt8](repeating: 0, count: 32), isDone: false),
        Case(what: "offloads off", bytes: [5, 0] + [UInt8](repeating: 0, count: 8), after: { $0.offloads == 0 }),
        Case(
            what: "offloads that were negotiated", bytes: [5, 0, 0x82, 0, 0, 0, 0, 0, 0, 0],
            after: { $0.offloads == 0x82 }),
        Case(what: "offloads that were not", bytes: [5, 0, 0, 4, 0, 0, 0, 0, 0, 0], isDone: false),
        Case(what: "offloads cut short", bytes: [5, 0, 0x82, 0], isDone: false),
        Case(what: "a class nobody knows", bytes: [9, 0, 0], isDone: false),
        Case(what: "one byte", bytes: [0], isDone: false),
        Case(what: "nothing", bytes: [], isDone: false),
    ]

    @Test("a command does what it says or changes nothing", arguments: cases)
    func commands(of one: Case) {
        var state = NetState(mac: Self.mac, isUp: true)
        state.announces = true
        let before = state
        let effects = NetCommand(features: one.features, pairs: 4).apply(one.bytes, to: &state)
        #expect((effects != nil) == one.isDone)
        #expect(one.isDone ? one.after(state) : state == before)
    }

    @Test("VLANs are kept in order, each once")
    func vlans() {
        var state = NetState(mac: Self.mac, isUp: true)
        let command = NetCommand(features: Self.features, pairs: 1)
        for vlan: UInt8 in [9, 3, 200, 3, 9] { _ = command.apply([2, 0, vlan, 0], to: &state) }
        _ = command.apply([2, 1, 9, 0], to: &state)
        #expect(state.receiving.vlans == [3, 200])
    }

    @Test("the interface filters what the driver does not want, and nothing before it says so")
    func filter() throws {
        let rig = try NetRig(features: Self.features)
        #expect(rig.wire.asked.filter.withLock { $0 } == .all)
        #expect(try rig.command([0, 0, 0]) == 0)
        let broadcast = MACAddress(rawValue: 0xFFFF_FFFF_FFFF)
        #expect(
            rig.wire.asked.filter.withLock { $0 }
                == DestinationFilter(addresses: [Self.mac, broadcast], takesAllMulticast: false))
        let group = MACAddress(rawValue: 0x3333_0000_0001)
        #expect(try rig.command([1, 0] + Self.table([]) + Self.table([group.rawValue])) == 0)
        #expect(rig.wire.asked.filter.withLock { $0 }?.addresses == [Self.mac, broadcast, group])
        let other = MACAddress(rawValue: 0x02_0000_0000_BB)
        #expect(try rig.command([1, 1] + other.bytes) == 0)
        #expect(rig.wire.asked.filter.withLock { $0 }?.addresses == [other, broadcast, group])
        #expect(try rig.command([0, 1, 1]) == 0)
        #expect(rig.wire.asked.filter.withLock { $0 }?.takesAllMulticast == true)
        #expect(try rig.command([0, 4, 1]) == 0)
        #expect(try rig.command([0, 5, 1]) == 0)
        #expect(try rig.command([0, 3, 1]) == 0)
        #expect(rig.wire.asked.filter.withLock { $0 }?.addresses == [MACAddress(rawValue: 0)], "nothing is wanted")
        #expect(try rig.command([0, 0, 1]) == 0)
        #expect(rig.wire.asked.filter.withLock { $0 } == .all)
    }

    @Test("offloads can be switched off and on, and long frames are expected only while they are on")
    func offloads() throws {
        let rig = try NetRig(features: Self.features)
        #expect(rig.wire.asked.offloads.withLock { $0 } == [.checksum, .tcp4, .tcp6])
        #expect(rig.shared.longestFrame.load(ordering: .relaxed) == FrameLimits.largestBytes)
        #expect(try rig.command([5, 0, 0, 0, 0, 0, 0, 0, 0, 0]) == 0)
        #expect(rig.wire.asked.offloads.withLock { $0 } == [])
        #expect(rig.shared.longestFrame.load(ordering: .relaxed) == 12 + 14 + 4 + 1500)
        #expect(try rig.command([5, 0, 0x82, 0, 0, 0, 0, 0, 0, 0]) == 0)
        #expect(rig.wire.asked.offloads.withLock { $0 } == [.checksum, .tcp4])
    }

    @Test("a command without room for its answer comes back without one, and a huge one is refused")
    func odd() throws {
        let rig = try NetRig(features: Self.features)
        #expect(try rig.command([0, 0, 0], room: 0) == nil)
        #expect(rig.metrics.snapshot.malformed == 1)
        #expect(try rig.command([], room: 4) == 1)
        #expect(try rig.command([UInt8](repeating: 0, count: 65_537)) == 1)
        #expect(try rig.command([0, 0, 0]) == 0)
        #expect(rig.guest.resetRequests == 0)
    }

    @Test("no command of random bytes harms the card: 20,000 of them")
    func hostile() throws {
        var random = SeededRandom(seed: 99)
        let rig = try NetRig(features: Self.features)
        for _ in 0..<20_000 {
            let count = Int.random(in: 0...40, using: &random)
            var bytes = (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            if count > 2 {
                bytes[0] &= 7
                bytes[1] &= 3
            }
            let answer = try rig.command(bytes, room: UInt32.random(in: 0...3, using: &random))
            #expect(answer == nil || answer == 0 || answer == 1)
        }
        #expect(rig.guest.resetRequests == 0)
    }
}
