// SPDX-License-Identifier: Apache-2.0

import Runtime

/// Drives a virtio-blk device and verifies what it does, or measures it.
///
/// `mode=verify` (default) | `features` | `randread` | `randwrite` | `seqread` | `seqwrite` | `powercut` | `growth`;
/// `disk=` which device (0);
/// `depth=` requests in flight per queue (16); `bs=` bytes a request (4096); `parts=` data segments a request (1 to 6);
/// `queues=` (1); `size=` bytes of the disk to use; `seconds=` (3) or `count=` requests for measurements; `count=` random
/// requests for verify (2000), or times to grow (1); `wait=interrupt|poll`; `indirect=off`, `eventidx=off`, `ring=packed`;
/// `seed=`.
@main
struct BlockDriver: Payload {
    static let name: StaticString = "blockdriver"

    static func run(_ machine: Machine) throws(Failure) {
        let disk = try Disk(machine)
        try disk.describe()
        let arguments = machine.arguments
        if arguments.has("mode", "features") { return }
        let workloads: [(StaticString, Bool, Bool)] = [
            ("randread", true, false), ("randwrite", true, true), ("seqread", false, false), ("seqwrite", false, true),
        ]
        for (name, random, writes) in workloads where arguments.has("mode", name) {
            var measurement = try Measurement(disk, machine, random: random, writes: writes)
            try measurement.run(name)
            return
        }
        if arguments.has("mode", "powercut") {
            var cut = try PowerCut(disk, machine)
            return try cut.run()
        }
        if arguments.has("mode", "growth") { return try Growth(disk, machine).run() }
        if disk.isReadOnly {
            try Semantics(disk).checkReadOnly()
        } else {
            var verification = try Verification(disk, machine)
            try verification.run()
            try Semantics(disk).check()
        }
        report("result") {
            $0.field("kind", "verified")
            $0.field("requests", disk.completed)
            $0.field("interrupts", disk.interrupts)
            $0.field("kicks", disk.kicks)
        }
        if disk.sleeps, disk.interrupts == 0 { throw Failure("no-interrupts") }
    }
}
