// SPDX-License-Identifier: Apache-2.0

import Hardware

/// A program that is the whole guest.
public protocol Payload {
    /// Its name on the serial line.
    static var name: StaticString { get }
    /// Does the work; throwing ends the guest with `done fail`.
    static func run(_ machine: Machine) throws(Failure)
}

extension Payload {
    /// Prints `ready`, runs the payload, prints `done` and powers off.
    public static func main() {
        Serial.start()
        do throws(Failure) {
            let machine = try Machine(bootArea: Boot.area)
            report("apus-guest") {
                $0.word(name)
                $0.word("ready")
                $0.field("cpus", machine.processorIDs.count)
                $0.field("tsc_khz", machine.clock.cyclesPerMillisecond)
                $0.field("clock", machine.clock.source)
            }
            try run(machine)
            report("apus-guest") {
                $0.word(name)
                $0.word("done")
                $0.word("ok")
            }
            Power.off(0)
        } catch {
            report("apus-guest") {
                $0.word(name)
                $0.word("done")
                $0.word("fail")
                $0.word(error.reason)
                $0.hex("seen", error.seen)
                $0.hex("wanted", error.wanted)
            }
            Power.off(2)
        }
    }
}
