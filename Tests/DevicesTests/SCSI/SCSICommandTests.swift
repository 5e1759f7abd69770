// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import Devices

@Suite("A SCSI command block is judged by its fields")
struct SCSICommandTests {
    static let disk = SCSIView(blocks: 1000, canDiscard: true)
    static let readOnly = SCSIView(blocks: 1000, isReadOnly: true)
    static let large = SCSIView(blockBytes: 4096, blocks: 1 << 40, canDiscard: true)
    static let optical = SCSIView(kind: .optical, blockBytes: 2048, blocks: 1000, isReadOnly: true)
    static let empty = SCSIView(kind: .optical, hasMedium: false)
    static let open = SCSIView(kind: .optical, blockBytes: 2048, blocks: 1000, isReadOnly: true, isTrayOpen: true)

    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let view: SCSIView
        let block: [UInt8]
        let wanted: SCSICommand
        init(_ name: String, _ view: SCSIView, _ block: [UInt8], _ wanted: SCSICommand) {
            (self.name, self.view, self.block, self.wanted) = (name, view, block, wanted)
        }
        var testDescription: String { name }
    }

    typealias R = SCSIRig
    static let cases: [Case] = [
        Case("READ (6)", disk, [0x08, 0, 0, 7, 3, 0], .read(offset: 3584, count: 1536)),
        Case("READ (6) of 256", disk, [0x08, 0, 0, 7, 0, 0], .read(offset: 3584, count: 131_072)),
        Case("READ (6) uses 21 bits", disk, [0x08, 0xE0, 0, 7, 1, 0], .read(offset: 3584, count: 512)),
        Case("READ (10)", disk, R.ten(0x28, 998, 2), .read(offset: 998 * 512, count: 1024)),
        Case("READ (10) of nothing", disk, R.ten(0x28, 1000, 0), .read(offset: 512_000, count: 0)),
        Case("READ (10) behind the end", disk, R.ten(0x28, 999, 2), .refused(.outOfRange)),
        Case("READ (10) far behind", disk, R.ten(0x28, .max, .max), .refused(.outOfRange)),
        Case("READ (10) protected", disk, R.ten(0x28, 0, 1, flags: 0x20), .refused(.invalidField)),
        Case("READ (10) with DPO and FUA", disk, R.ten(0x28, 0, 1, flags: 0x18), .read(offset: 0, count: 512)),
        Case("READ (12)", disk, [0xA8, 0, 0, 0, 0, 9, 0, 0, 0, 2, 0, 0], .read(offset: 4608, count: 1024)),
        Case("READ (16)", large, R.sixteen(0x88, 1 << 39, 8), .read(offset: 1 << 51, count: 32768)),
        Case("READ (16) that wraps", large, R.sixteen(0x88, .max, 2), .refused(.outOfRange)),
        Case("WRITE (6)", disk, [0x0A, 0, 0, 1, 1, 0], .write(offset: 512, count: 512, durable: false)),
        Case("WRITE (10)", disk, R.ten(0x2A, 5, 1), .write(offset: 2560, count: 512, durable: false)),
        Case("WRITE (10) with FUA", disk, R.ten(0x2A, 5, 1, flags: 8), .write(offset: 2560, count: 512, durable: true)),
        Case(
            "WRITE (12)", disk, [0xAA, 8, 0, 0, 0, 9, 0, 0, 0, 2, 0, 0],
            .write(offset: 4608, count: 1024, durable: true)),
        Case("WRITE (16)", large, R.sixteen(0x8A, 1, 1), .write(offset: 4096, count: 4096, durable: false)),
        Case("WRITE AND VERIFY", disk, R.ten(0x2E, 5, 1), .write(offset: 2560, count: 512, durable: true)),
        Case("WRITE to what is not to be written", readOnly, R.ten(0x2A, 5, 1), .refused(.writeProtected)),
        Case("a bad range comes before write protection", readOnly, R.ten(0x2A, 5000, 1), .refused(.outOfRange)),
        Case("WRITE to a CD", optical, R.ten(0x2A, 5, 1), .refused(.invalidOperation)),
        Case("WRITE (16) to a CD", optical, R.sixteen(0x8A, 5, 1), .refused(.invalidOperation)),
        Case("READ from a CD", optical, R.ten(0x28, 5, 1), .read(offset: 10240, count: 2048)),
        Case("READ from an empty drive", empty, R.ten(0x28, 0, 1), .refused(.noMediumTrayClosed)),
        Case("READ from an open drive", open, R.ten(0x28, 0, 1), .refused(.noMediumTrayOpen)),
        Case("READ CAPACITY of an empty drive", empty, [0x25], .refused(.noMediumTrayClosed)),
        Case("TEST UNIT READY", disk, [0], .good),
        Case("TEST UNIT READY of an empty drive", empty, [0], .refused(.noMediumTrayClosed)),
        Case("INQUIRY", disk, [0x12, 0, 0, 1, 4, 0], .answer(limit: 260)),
        Case("INQUIRY of an empty drive", empty, [0x12, 0, 0, 0, 36, 0], .answer(limit: 36)),
        Case("SYNCHRONIZE CACHE (10)", disk, R.ten(0x35, 0, 0), .flush),
        Case("SYNCHRONIZE CACHE (16)", disk, R.sixteen(0x91, 0, 0), .flush),
        Case("SYNCHRONIZE CACHE of what is not written", readOnly, R.ten(0x35, 0, 0), .good),
        Case("UNMAP", disk, [0x42, 0, 0, 0, 0, 0, 0, 0, 24, 0], .unmap(parameters: 24)),
        Case("UNMAP of nothing", disk, [0x42, 0, 0, 0, 0, 0, 0, 0, 0, 0], .good),
        Case("UNMAP with ANCHOR", disk, [0x42, 1, 0, 0, 0, 0, 0, 0, 24, 0], .refused(.invalidField)),
        Case(
            "UNMAP where nothing can be", SCSIView(blocks: 9), [0x42, 0, 0, 0, 0, 0, 0, 0, 24, 0],
            .refused(.invalidField)),
        Case(
            "WRITE SAME (10)", disk, R.ten(0x41, 2, 4),
            .writeSame(offset: 1024, count: 2048, unmap: false, hasData: true)),
        Case(
            "WRITE SAME (16) with UNMAP and NDOB", disk, R.sixteen(0x93, 2, 4, flags: 9),
            .writeSame(offset: 1024, count: 2048, unmap: true, hasData: false)),
        Case("WRITE SAME (10) has no NDOB", disk, R.ten(0x41, 2, 4, flags: 1), .refused(.invalidField)),
        Case("WRITE SAME of nothing", disk, R.ten(0x41, 2, 0), .refused(.invalidField)),
        Case("WRITE SAME of too much", large, R.sixteen(0x93, 2, 1 << 20), .refused(.invalidField)),
        Case("WRITE SAME behind the end", disk, R.ten(0x41, 999, 4), .refused(.outOfRange)),
        Case("VERIFY (10)", disk, R.ten(0x2F, 0, 1000), .good),
        Case("VERIFY (16)", disk, R.sixteen(0x8F, 1000, 1), .refused(.outOfRange)),
        Case("VERIFY with data", disk, R.ten(0x2F, 0, 1, flags: 2), .refused(.invalidField)),
        Case("MODE SENSE (6)", disk, [0x1A, 8, 8, 0, 24, 0], .answer(limit: 24)),
        Case("MODE SENSE (10)", disk, [0x5A, 8, 8, 0, 0, 0, 0, 1, 0, 0], .answer(limit: 256)),
        Case("MODE SELECT (6)", disk, [0x15, 0x10, 0, 0, 24, 0], .modeSelect(parameters: 24, isLong: false)),
        Case(
            "MODE SELECT (10)", disk, [0x55, 0x10, 0, 0, 0, 0, 0, 1, 0, 0], .modeSelect(parameters: 256, isLong: true)),
        Case("START", disk, [0x1B, 0, 0, 0, 1, 0], .good), Case("STOP", disk, [0x1B, 0, 0, 0, 0, 0], .good),
        Case("EJECT of a disk", disk, [0x1B, 0, 0, 0, 2, 0], .refused(.invalidField)),
        Case("EJECT", optical, [0x1B, 0, 0, 0, 2, 0], .tray(open: true)),
        Case("LOAD", open, [0x1B, 0, 0, 0, 3, 0], .tray(open: false)),
        Case("POWER CONDITION", optical, [0x1B, 0, 0, 0, 0x12, 0], .good),
        Case("PREVENT", optical, [0x1E, 0, 0, 0, 1, 0], .preventRemoval(true)),
        Case("ALLOW", empty, [0x1E, 0, 0, 0, 0, 0], .preventRemoval(false)),
        Case("PREVENT of a disk", disk, [0x1E, 0, 0, 0, 1, 0], .refused(.invalidOperation)),
        Case("READ CAPACITY (16)", disk, [0x9E, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32, 0, 0], .answer(limit: 32)),
        Case("another service action", disk, [0x9E, 0x12], .refused(.invalidField)),
        Case("MAINTENANCE IN of another kind", disk, [0xA3, 0x05], .refused(.invalidField)),
        Case("READ TOC of an empty drive", empty, [0x43], .refused(.noMediumTrayClosed)),
        Case("GET CONFIGURATION of an empty drive", empty, [0x46, 0, 0, 0, 0, 0, 0, 0, 8, 0], .answer(limit: 8)),
        Case("READ TOC of a disk", disk, [0x43], .refused(.invalidOperation)),
        Case("nobody's command", disk, [0xFF], .refused(.invalidOperation)),
        Case("PERSISTENT RESERVE IN", disk, [0x5E], .refused(.invalidOperation)),
    ]

    @Test("each command says what it is", arguments: cases)
    func judged(_ one: Case) { #expect(SCSICommand(CommandBlock(one.block), on: one.view) == one.wanted) }

    @Test("no command block of any bytes leads beyond the medium, and none traps: 300,000 of them")
    func hostile() {
        var random = SeededRandom(seed: 17)
        let views = [Self.disk, Self.readOnly, Self.large, Self.optical, Self.empty, Self.open]
        let codes = SCSIOperation.all.map(\.code)
        for _ in 0..<300_000 {
            let view = views[Int.random(in: 0..<views.count, using: &random)]
            var block = (0..<16).map { _ in UInt8.random(in: 0...255, using: &random) }
            if Bool.random(using: &random) { block[0] = codes[Int.random(in: 0..<codes.count, using: &random)] }
            let end = view.blocks * view.blockBytes
            switch SCSICommand(CommandBlock(block), on: view) {
            case .read(let offset, let count): #expect(offset <= end && count <= end - offset && view.notReady == nil)
            case .write(let offset, let count, _), .writeSame(let offset, let count, _, _):
                #expect(offset <= end && count <= end - offset && !view.isReadOnly)
            default: break
            }
        }
    }

    @Test("every command of the table is judged, and no other is anything but invalid")
    func table() {
        for code in UInt8.min...UInt8.max {
            for (kind, view) in [(SCSIKind.disk, Self.disk), (.optical, Self.optical)] {
                let known = SCSIOperation.all.filter { $0.code == code && $0.exists(on: kind) }
                let command = SCSICommand(CommandBlock([code, known.first?.action ?? 0]), on: view)
                #expect((command == .refused(.invalidOperation)) == known.isEmpty, "\(code) on \(kind)")
                for one in known {
                    let length = [6, 10, 10, 0, 16, 12, 0, 0][Int(code >> 5)]
                    #expect(one.usage.count == length && one.usage[0] == code, "\(code)")
                }
            }
        }
    }
}
