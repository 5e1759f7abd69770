// SPDX-License-Identifier: Apache-2.0

import Control
import Foundation
import Glibc
import Testing

extension Integration.Images {
    /// Disks that end within a cluster.
    enum Growing: String, CaseIterable, CustomTestStringConvertible {
        case raw, qcow2
        case overlay = "qcow2 on a longer raw file"

        static let bytes = 8 << 20 | 512
        var testDescription: String { rawValue }

        /// Makes the files; says where the disk is and what lies below it.
        func make(in scratch: Scratch) throws -> (path: String, below: String?) {
            let path = scratch.path("disk")
            switch self {
            case .raw: return (try scratch.file("disk", size: Self.bytes), nil)
            case .qcow2:
                try Self.image("create -q -f qcow2 \(path) \(Self.bytes)")
                return (path, nil)
            case .overlay:
                let base = try scratch.file("base", Array(repeating: 0x5A, count: 16 << 20))
                try Self.image("create -q -f qcow2 -b \(base) -F raw \(path) \(Self.bytes)")
                return (path, base)
            }
        }

        static func image(_ words: String) throws {
            try #require(system("PATH=/usr/bin:/bin; qemu-img \(words)") == 0, "qemu-img \(words)")
        }
    }

    private func start(
        _ kind: Growing, _ payload: String, _ words: String, queues: UInt32 = 1, bus: DiskBus
    ) throws -> (launcher: ControlledLauncher, path: String) {
        let files = try kind.make(in: scratch)
        let launcher = try ControlledLauncher()
        let reply = try launcher.start(payload, words, cpus: queues, disks: [files.path], below: files.below) {
            $0.disks[0].format = kind == .raw ? .raw : .qcow2
            $0.disks[0].queues = UInt16(queues)
            $0.disks[0].bus = bus
        }
        try #require(reply == .done)
        return (launcher, files.path)
    }

    private func expectEnd(_ kind: Growing, _ launcher: ControlledLauncher, _ path: String, _ bytes: Int) throws {
        launcher.waitForClose()
        try launcher.process.waitForEnd()
        #expect(launcher.process.exitStatus == 0, "\(launcher.process.console)\(launcher.process.errors)")
        if kind == .raw {
            #expect(try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int == bytes)
        } else {
            try Growing.image("check -q -f qcow2 \(path)")
            try Growing.image("info -f qcow2 \(path) | grep -q '(\(bytes) bytes)'")
        }
    }

    @Test(
        "a guest is told that its disk grows, and uses what was added, which is zeros", arguments: Growing.allCases,
        [UInt32(1), 2])
    func growth(kind: Growing, queues: UInt32) throws {
        let (launcher, path) = try start(
            kind, "blockdriver", "mode=growth count=2 queues=\(queues)", queues: queues, bus: .virtio)
        try launcher.process.waitForConsole("kind=waiting sectors=16385")
        for bytes in [UInt64(4 << 20), 12 << 20 | 5, .max, .max - 511] {
            guard case .refused(let message) = try launcher.request(.resizeDisk(name: "disk0", bytes: bytes)) else {
                Issue.record("\(bytes) bytes were not refused")
                continue
            }
            #expect(message.contains("disk disk0") && message.contains("\(bytes) bytes"), "\(message)")
        }
        // No change is none to tell of.
        #expect(try launcher.request(.resizeDisk(name: "disk0", bytes: UInt64(Growing.bytes))) == .done)
        #expect(try launcher.request(.resizeDisk(name: "disk0", bytes: 12 << 20)) == .done)
        try launcher.process.waitForConsole("kind=grown sectors=24576 interrupts=1")
        #expect(try launcher.request(.pause) == .done)
        // Beyond the L1 table of the image; a paused guest hears of it when it goes on.
        #expect(try launcher.request(.resizeDisk(name: "disk0", bytes: 3 << 30)) == .done)
        #expect(try launcher.request(.resume) == .done)
        try expectEnd(kind, launcher, path, 3 << 30)
        #expect(launcher.process.console.contains("kind=grown sectors=6291456 interrupts=2"))
    }

    @Test("a disk on the SCSI controller grows as well", arguments: Growing.allCases)
    func growthOfUnits(kind: Growing) throws {
        let (launcher, path) = try start(kind, "scsidriver", "mode=watch count=1", bus: .scsi)
        try launcher.process.waitForConsole("kind=watching units=1")
        #expect(try launcher.request(.resizeDisk(name: "disk0", bytes: 12 << 20)) == .done)
        try expectEnd(kind, launcher, path, 12 << 20)
        #expect(launcher.process.console.contains("kind=event event=3 unit=0 reason=0x92a"))
        #expect(launcher.process.console.contains("kind=unit unit=0 type=0 blocks=24576 "))
    }

    @Test("a read-only disk, and one that is not there, do not grow", arguments: Growing.allCases)
    func noGrowth(kind: Growing) throws {
        let files = try kind.make(in: scratch)
        let launcher = try ControlledLauncher()
        let reply = try launcher.start("counter", "seconds=100000", disks: [files.path], below: files.below) {
            $0.disks[0].format = kind == .raw ? .raw : .qcow2
            $0.disks[0].readonly = true
        }
        try #require(reply == .done)
        for (name, words) in [("disk0", "read-only"), ("nobody", "no disk of this machine")] {
            guard case .refused(let message) = try launcher.request(.resizeDisk(name: name, bytes: 1 << 30)) else {
                Issue.record("\(name) grew")
                continue
            }
            #expect(message.contains("disk \(name)") && message.contains(words), "\(message)")
        }
        #expect(try launcher.request(.stop) == .done)
    }
}
