// SPDX-License-Identifier: Apache-2.0

import Hardware
import Runtime

/// Measures round trips through the VMM from ring 3: port writes and reads, and memory-mapped ones when `mmio=` is given.
///
/// `count=` round trips of each kind (100000), `port=` (0x3ff, the UART's scratch register), `mmio=` address.
@main
struct Exits: Payload {
    static let name: StaticString = "exits"

    static func run(_ machine: Machine) throws(Failure) {
        let count = Int(machine.arguments.number("count", 100_000))
        guard count > 0 else { throw Failure("count-is-zero") }
        let port = UInt16(truncatingIfNeeded: machine.arguments.number("port", 0x3FF))
        let samples = try Samples(capacity: count)
        let baseline = samples.measure {}
        samples.report(kind: "nothing", baseline: 0)
        _ = samples.measure { hw_out8(port, 0x55) }
        samples.report(kind: "pio_write", baseline: baseline)
        _ = samples.measure { _ = hw_in8(port) }
        samples.report(kind: "pio_read", baseline: baseline)
        guard machine.arguments.has("mmio") else { return }
        let address = machine.arguments.number("mmio", 0)
        try AddressSpace.map(from: address, to: address + 4)
        _ = samples.measure { hw_store32(address, 0) }
        samples.report(kind: "mmio_write", baseline: baseline)
        _ = samples.measure { _ = hw_load32(address) }
        samples.report(kind: "mmio_read", baseline: baseline)
    }
}
