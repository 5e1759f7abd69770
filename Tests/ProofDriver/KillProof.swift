// SPDX-License-Identifier: Apache-2.0

import Control
import Glibc
import Linux

/// A launcher killed at any moment of its life leaves nothing behind, and its disk can be used again at once.
struct KillProof: Proof {
    static let name = "kill"

    private let stage: Stage
    private let disk: String
    private var early = 0
    private var starting = 0
    private var running = 0
    private var reused = 0

    init(_ stage: Stage) throws {
        self.stage = stage
        disk = try stage.disk("kill.img", mebibytes: 8)
    }

    mutating func round(_ dice: inout Dice) throws {
        let socket = "\(stage.scratch)/console"
        do {
            var plan = GuestPlan(
                payload: stage.payload("blockdriver"), words: "mode=randwrite seconds=600 depth=16 size=4M")
            plan.cpus = UInt32(dice.number(1...4))
            plan.disks = [GuestPlan.Disk(path: disk)]
            plan.hasRNG = dice.chance(1, in: 2)
            plan.console = .socket(socket)
            var launcher = try Launcher(stage)
            if dice.chance(1, in: 6) {
                usleep(UInt32(dice.microseconds(upTo: 4000)))
                early += 1
            } else {
                _ = try launcher.send(plan)
                let moment = dice.chance(1, in: 2) ? dice.number(0...100_000) : dice.microseconds(upTo: 100_000)
                try launcher.listen(microseconds: moment)
                if launcher.vcpuThreads.isEmpty { starting += 1 } else { running += 1 }
            }
            let pid = launcher.pid
            let (was, story) = (launcher.kill(), launcher.story)
            guard was else { throw ProofFailure("the launcher had ended before it was killed: \(story)") }
            try isGone(pid)
        }
        try isFree(socket)
        if dice.chance(1, in: 8) { try use() }
    }

    mutating func finish() throws { try use() }

    /// No process of its group is left.
    private func isGone(_ pid: pid_t) throws {
        guard Glibc.kill(-pid, 0) < 0, errno == ESRCH else {
            throw ProofFailure("a process of the killed launcher's group \(pid) is left")
        }
    }

    /// Nobody holds the disk's lock and nobody listens on the console's socket.
    private func isFree(_ socket: String) throws {
        let file = try FileDescriptor.open(disk, O_RDWR)
        do throws(Errno) { try file.lockImage(.writing, within: 120_000) } catch {
            throw ProofFailure("the disk is not free after its launcher was killed: \(error)")
        }
        do throws(Errno) {
            _ = try UnixSocket.connect(socket)
        } catch {
            unlink(socket)
            guard error.code == ECONNREFUSED || error.code == ENOENT else { throw error }
            return
        }
        throw ProofFailure("somebody still listens on the console's socket")
    }

    /// Another machine uses the disk.
    private mutating func use() throws {
        var plan = GuestPlan(payload: stage.payload("blockdriver"), words: "size=1M count=200")
        plan.disks = [GuestPlan.Disk(path: disk)]
        var launcher = try Launcher(stage)
        try launcher.start(plan)
        try launcher.endsWell("blockdriver")
        reused += 1
    }

    var figures: [Figure] {
        [
            Figure(name: "killed_before_configuration", value: early),
            Figure(name: "killed_while_starting", value: starting),
            Figure(name: "killed_while_running", value: running), Figure(name: "disk_used_again", value: reused),
        ]
    }
}
