// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Devices

@Suite("A CD-ROM drive and its driver")
struct SCSIOpticalTests {
    typealias R = SCSIRig
    private let iso = BlockTests.pattern(2048 * 50)

    private func drive() throws -> SCSIRig { try SCSIRig(iso, readOnly: true, kind: .optical) }

    @Test("blocks have 2048 bytes and are read")
    func read() throws {
        let rig = try drive()
        #expect(try rig.run([0x25], room: 8)?.data == [0, 0, 0, 49, 0, 0, 8, 0])
        #expect(try rig.run(R.ten(0x28, 49, 1), room: 2048)?.data == Array(iso[(49 * 2048)...]))
        #expect(try rig.run(R.ten(0x28, 50, 1), room: 2048)?.sense == .outOfRange)
        #expect(try rig.run(R.ten(0x2A, 0, 1), out: [UInt8](repeating: 0, count: 2048))?.sense == .invalidOperation)
    }

    @Test("a disc has one data track, in blocks and in time")
    func contents() throws {
        let rig = try drive()
        let blocks = try #require(try rig.run([0x43, 0, 0, 0, 0, 0, 0, 0, 255, 0], room: 255)?.data)
        #expect(blocks == [0, 18, 1, 1, 0, 0x14, 1, 0, 0, 0, 0, 0, 0, 0x14, 0xAA, 0, 0, 0, 0, 50])
        let times = try #require(try rig.run([0x43, 2, 0, 0, 0, 0, 0xAA, 0, 255, 0], room: 255)?.data)
        #expect(times == [0, 10, 1, 1, 0, 0x14, 0xAA, 0, 0, 0, 2, 50])
        #expect(try rig.run([0x43, 0, 1, 0, 0, 0, 0, 0, 255, 0], room: 255)?.data.count == 12)
        #expect(try rig.run([0x43, 0, 5, 0, 0, 0, 0, 0, 255, 0], room: 255)?.sense == .invalidField)
        #expect(try rig.run([0x51, 0, 0, 0, 0, 0, 0, 0, 255, 0], room: 255)?.data.count == 34)
        #expect(try rig.run([0xBD, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0], room: 8)?.data.count == 8)
    }

    @Test("the configuration names the profile of what lies in the drive")
    func configuration() throws {
        let rig = try drive()
        let all = try #require(try rig.run([0x46, 0, 0, 0, 0, 0, 0, 0, 255, 0], room: 255)?.data)
        #expect(all[6...7] == [0, 8] && Int(all[3]) == all.count - 4)
        let one = try #require(try rig.run([0x46, 2, 0, 3, 0, 0, 0, 0, 255, 0], room: 255)?.data)
        #expect(one.count == 16 && one[8...9] == [0, 3])
        rig.unit.replaceMedium(nil)
        #expect(try rig.run([0x46, 0, 0, 0, 0, 0, 0, 0, 255, 0], room: 255)?.data[6...7] == [0, 0])
    }

    @Test("the guest's own eject is obeyed unless it locked the drive itself")
    func eject() throws {
        let rig = try drive()
        #expect(try rig.run([0x1E, 0, 0, 0, 1, 0])?.status == 0)
        #expect(try rig.run([0x1B, 0, 0, 0, 2, 0])?.sense == .removalPrevented)
        #expect(try rig.run([0x1E, 0, 0, 0, 0, 0])?.status == 0)
        #expect(try rig.run([0x1B, 0, 0, 0, 2, 0])?.status == 0)
        #expect(try rig.run(R.ten(0x28, 0, 1), room: 2048)?.sense == .noMediumTrayOpen)
        #expect(try rig.run([0x1B, 0, 0, 0, 3, 0])?.status == 0)
        #expect(try rig.run([0])?.sense == Sense(6, 0x28, 0))
        #expect(try rig.run([0])?.status == 0)
        #expect(try rig.run(R.ten(0x28, 0, 1), room: 2048)?.data.count == 2048)
    }

    @Test("media events are told once to who polls for them")
    func events() throws {
        let rig = try drive()
        let poll: [UInt8] = [0x4A, 1, 0, 0, 0x10, 0, 0, 0, 8, 0]
        #expect(try rig.run(poll, room: 8)?.data == [0, 6, 4, 0x10, 0, 2, 0, 0])
        rig.unit.replaceMedium(nil)
        #expect(try rig.run(poll, room: 8)?.data == [0, 6, 4, 0x10, 3, 1, 0, 0])
        #expect(try rig.run(poll, room: 8)?.data[4] == 0)
        rig.unit.lock(true)
        #expect(!rig.unit.requestEject(force: false))
        #expect(try rig.run(poll, room: 8)?.data[4] == 1)
        #expect(rig.unit.requestEject(force: true))
        #expect(try rig.run([0x4A, 0, 0, 0, 0x10, 0, 0, 0, 8, 0], room: 8)?.sense == .invalidField)
        #expect(try rig.run([0x4A, 1, 0, 0, 2, 0, 0, 0, 8, 0], room: 8)?.data == [0, 2, 0x80, 0x10])
    }
}
