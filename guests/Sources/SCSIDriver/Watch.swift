// SPDX-License-Identifier: Apache-2.0

import Runtime

/// Prints every event and what it did to the unit it is about.
struct Watch {
    private let controller: Controller
    private let count: UInt64

    init(_ controller: Controller, _ machine: Machine) throws(Failure) {
        self.controller = controller
        count = machine.arguments.number("count", .max)
    }

    mutating func run(_ units: [UInt64]) throws(Failure) {
        for unit in units { _ = try controller.describe(unit) }
        report("result") {
            $0.field("kind", "watching")
            $0.field("units", units.count)
        }
        var seen: UInt64 = 0
        while seen < count {
            let (kind, unit, reason) = try controller.event()
            seen += 1
            report("result") {
                $0.field("kind", "event")
                $0.field("event", UInt64(kind))
                $0.field("unit", unit)
                $0.hex("reason", UInt64(reason))
            }
            // A unit that went is asked all the same: it must say that it is not there.
            if kind == 1, reason == 2 {
                let answer = try controller.perform(unit, [0, 0, 0, 0, 0, 0])
                guard answer.code == 0x25 else { throw Failure("unit-is-still-there", seen: answer.number) }
            } else {
                _ = try controller.describe(unit)
            }
        }
    }
}
