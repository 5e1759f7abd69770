// SPDX-License-Identifier: Apache-2.0

import Control
import Glibc
import Linux

/// A disk whose launcher is going to be killed, made by QEMU's tools and read by them afterwards.
struct PowerCutImage {
    enum Kind: CaseIterable { case raw, qcow2, smallClusters, subclusters, onRaw, onImage }

    let kind: Kind
    private let path: String
    private let base: String
    private let stage: Stage

    /// What a sector reads as, 8 bytes at a time, that was never written.
    var blank: UInt64 { kind == .onRaw || kind == .onImage ? 0x5A5A_5A5A_5A5A_5A5A : 0 }

    /// Makes the files anew.
    /// - Throws: `Errno` or `ProofFailure`.
    init(_ kind: Kind, on stage: Stage, mebibytes: Int) throws {
        self.kind = kind
        self.stage = stage
        path = "\(stage.scratch)/powercut.img"
        base = "\(stage.scratch)/powercut.base"
        let create = "qemu-img create -q -f qcow2"
        let fill = "head -c \(mebibytes)M /dev/zero | tr '\\0' Z >'\(base)'"
        switch kind {
        case .raw: _ = try stage.disk("powercut.img", mebibytes: mebibytes)
        case .qcow2: try run("\(create) '\(path)' \(mebibytes)M")
        case .smallClusters: try run("\(create) -o cluster_size=4k,refcount_bits=1 '\(path)' \(mebibytes)M")
        case .subclusters: try run("\(create) -o extended_l2=on,cluster_size=64k '\(path)' \(mebibytes)M")
        case .onRaw: try run("\(fill) && \(create) -b '\(base)' -F raw '\(path)'")
        case .onImage:
            try run(
                "\(fill) && qemu-img convert -f raw -O qcow2 '\(base)' '\(base).qcow2' && rm '\(base)' "
                    + "&& mv '\(base).qcow2' '\(base)' && \(create) -b '\(base)' -F qcow2 '\(path)'")
        }
    }

    /// The disk as a machine gets it.
    func disk(queues: UInt16, io: DiskIO) -> GuestPlan.Disk {
        var disk = GuestPlan.Disk(path: path, queues: queues, format: kind == .raw ? .raw : .qcow2, io: io)
        if kind == .onRaw { disk.backing = [(base, .raw)] }
        if kind == .onImage { disk.backing = [(base, .qcow2)] }
        return disk
    }

    /// Waits until the kernel has let go of the files of a launcher that was killed: what it had put into an io_uring ends
    /// some time after it.
    /// - Throws: `Errno` or `ProofFailure`.
    func waitUntilReleased() throws {
        let file = try FileDescriptor.open(path, O_RDWR)
        try file.lockImage(.writing, within: 120_000)
        file.unlockImage()
    }

    /// Whether clusters are leaked.
    /// - Throws: `ProofFailure` when anything worse is found.
    func hasLeaks() throws -> Bool {
        let log = "\(stage.scratch)/powercut.check"
        let status = PowerCutImage.status("qemu-img check -f qcow2 '\(path)' >'\(log)' 2>&1")
        guard status == 0 || status == 3 else {
            let text = (try? FileDescriptor.open(log, O_RDONLY).readAll(limit: 600)) ?? []
            throw ProofFailure("qemu-img check ends with \(status): \(String(decoding: text, as: UTF8.self))")
        }
        return status == 3
    }

    /// A raw file with the disk's bytes.
    /// - Throws: `ProofFailure`.
    func contents() throws -> String {
        guard kind != .raw else { return path }
        let raw = "\(stage.scratch)/powercut.raw"
        try run("qemu-img convert -f qcow2 -O raw '\(path)' '\(raw)'")
        return raw
    }

    private func run(_ command: String) throws(ProofFailure) {
        let status = PowerCutImage.status(command)
        guard status == 0 else { throw ProofFailure("'\(command)' ends with \(status)") }
    }

    private static func status(_ command: String) -> Int32 {
        let status = system(command)
        return status & 0x7F == 0 ? status >> 8 & 0xFF : -1
    }
}
