// SPDX-License-Identifier: Apache-2.0

import Hardware
import Runtime

/// Tests the memory map, the holes in it, and what a reset leaves behind.
///
/// `mode=map` (default) prints the map, writes and reads the first and last page of every RAM range, and reads holes
/// (all ones; `hole=zeroes` for QEMU, which answers so).
/// `mode=reset` resets the machine (`by=cf9|keyboard`), `mode=triplefault` by a triple fault; the boot after it looks
/// whether memory was cleared: `expect=cleared` (default) or `kept`. `resets=` how many times (1).
@main
struct Memory: Payload {
    static let name: StaticString = "memory"

    static func run(_ machine: Machine) throws(Failure) {
        if machine.arguments.has("mode", "reset") {
            try ResetTest(machine).run {
                if machine.arguments.has("by", "keyboard") {
                    Power.resetByKeyboardController()
                } else {
                    Power.resetByChipset()
                }
            }
        } else if machine.arguments.has("mode", "triplefault") {
            try ResetTest(machine).run { Processor.tripleFault() }
        } else {
            try MapTest(machine).run()
        }
    }
}
