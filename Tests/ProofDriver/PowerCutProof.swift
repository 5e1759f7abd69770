// SPDX-License-Identifier: Apache-2.0

import Control
import Glibc
import Linux

/// A launcher killed while its guest writes and flushes leaves every flushed byte in the image.
///
/// The guest (`blockdriver mode=powercut`) tells after each flush up to which write the disk must be whole; what it told
/// before the kill is held against the image, sector by sector. Later writes may be there, in whole sectors, or not. In an
/// image QEMU's tools find nothing worse than leaked clusters.
struct PowerCutProof: Proof {
    static let name = "powercut"
    private static let magic: UInt64 = 0x4150_5553_5057_4354
    private static let mebibytes = 16

    private let stage: Stage
    private var flushes = 0
    private var sectors = 0
    private var newer = 0
    private var unflushed = 0
    private var images = 0
    private var leaking = 0

    init(_ stage: Stage) throws { self.stage = stage }

    mutating func round(_ dice: inout Dice) throws {
        let image = try PowerCutImage(dice.one(of: PowerCutImage.Kind.allCases), on: stage, mebibytes: Self.mebibytes)
        let seed = UInt64(dice.number(1...1_000_000_000))
        let blockBytes = dice.one(of: [512, 4096, 16384])
        let blocks = UInt64(dice.one(of: [1, 4, 16]) << 20) / UInt64(blockBytes)
        let cpus = dice.number(1...2)
        var plan = GuestPlan(
            payload: stage.payload("blockdriver"),
            words: "mode=powercut seed=\(seed) bs=\(blockBytes) size=\(blocks * UInt64(blockBytes)) "
                + "depth=\(dice.one(of: [1, 4, 16])) queues=\(cpus)")
        plan.cpus = UInt32(cpus)
        plan.disks = [image.disk(queues: UInt16(cpus), io: dice.one(of: [DiskIO.native, .threads]))]
        var launcher = try Launcher(stage)
        try launcher.start(plan)
        // Most kills come while writes and flushes are under way, some before the first.
        if dice.chance(7, in: 8) { try launcher.hearConsole("kind=flushed") }
        try launcher.listen(microseconds: dice.microseconds(upTo: 400_000) + dice.number(0...50_000))
        let (was, story) = (launcher.kill(), launcher.story)
        guard was else { throw ProofFailure("the launcher had ended before it was killed: \(story)") }
        try launcher.hearTheLast()
        let told = Self.lastTold(launcher.consoleText)
        flushes += launcher.consoleText.split(separator: "\n").count { $0.hasPrefix("result kind=flushed ") }
        if told == 0 { unflushed += 1 }
        try image.waitUntilReleased()
        if image.kind != .raw {
            images += 1
            if try image.hasLeaks() { leaking += 1 }
        }
        try check(
            image.contents(), blank: image.blank, seed: seed, blocks: blocks, blockBytes: blockBytes, told: told)
    }

    /// The number in the last whole line that told of a flush.
    private static func lastTold(_ console: String) -> UInt64 {
        var last: UInt64 = 0
        var lines = console.split(separator: "\n", omittingEmptySubsequences: false)
        // What follows the last newline was cut off.
        if !lines.isEmpty { lines.removeLast() }
        for line in lines where line.hasPrefix("result kind=flushed upto=") {
            if let number = UInt64(line.dropFirst("result kind=flushed upto=".count)) { last = number }
        }
        return last
    }

    private mutating func check(
        _ path: String, blank: UInt64, seed: UInt64, blocks: UInt64, blockBytes: Int, told: UInt64
    ) throws {
        // Which write of each block was the last before the last flush that was told.
        var wanted = [UInt64](repeating: 0, count: Int(blocks))
        if told > 0 { for n in 1...told { wanted[Int(Self.block(seed, n, blocks))] = n } }
        let file = try FileDescriptor.open(path, O_RDONLY)
        var bytes = [UInt8](repeating: 0, count: blockBytes)
        for block in 0..<blocks {
            let got = pread(file.raw, &bytes, blockBytes, off_t(block) * off_t(blockBytes))
            guard got == blockBytes else { throw ProofFailure("block \(block) cannot be read") }
            for sector in 0..<(blockBytes / 512) {
                sectors += 1
                let n = try Self.sequence(bytes, sector, blank: blank, block: block, seed: seed, blocks: blocks)
                guard n >= wanted[Int(block)] else {
                    throw ProofFailure(
                        "block \(block) sector \(sector) holds write \(n), but write \(wanted[Int(block)]) was flushed "
                            + "(up to \(told))")
                }
                if n > told { newer += 1 }
            }
        }
    }

    /// The block that a write goes to, as the guest chooses it.
    private static func block(_ seed: UInt64, _ n: UInt64, _ blocks: UInt64) -> UInt64 { mix(seed &+ n) % blocks }

    /// Which write a sector holds, 0 when it was never written.
    private static func sequence(
        _ bytes: [UInt8], _ sector: Int, blank: UInt64, block: UInt64, seed: UInt64, blocks: UInt64
    ) throws -> UInt64 {
        let words = bytes.withUnsafeBytes { all in
            (0..<64).map {
                UInt64(littleEndian: all.loadUnaligned(fromByteOffset: sector * 512 + $0 * 8, as: UInt64.self))
            }
        }
        if words.allSatisfy({ $0 == blank }) { return 0 }
        let n = words[1]
        let first = mix(n &* 31 &+ block &* 17 &+ UInt64(sector))
        let isWhole =
            words[0] == magic && words[2] == block && words[3] == UInt64(sector) && Self.block(seed, n, blocks) == block
            && (4..<64).allSatisfy { words[$0] == first &+ UInt64($0) }
        guard isWhole else { throw ProofFailure("block \(block) sector \(sector) holds what was never written") }
        return n
    }

    /// SplitMix64's last step, as in the guest's `Random.mix`.
    private static func mix(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func finish() throws {
        guard flushes > 0 else { throw ProofFailure("no flush was told in any round: nothing was proved") }
    }

    var figures: [Figure] {
        [
            Figure(name: "flushes_told", value: flushes), Figure(name: "sectors_checked", value: sectors),
            Figure(name: "newer_than_flushed", value: newer), Figure(name: "killed_before_a_flush", value: unflushed),
            Figure(name: "images", value: images), Figure(name: "images_with_leaks", value: leaking),
        ]
    }
}
