// SPDX-License-Identifier: Apache-2.0

import Hardware

/// What the processors share while they start.
enum Processors {
    nonisolated(unsafe) static var body: ((Processor) -> Void)?
    nonisolated(unsafe) static var mode = LocalAPIC.Mode.memory
    nonisolated(unsafe) private static var count: UInt64 = 1

    static var online: UInt64 {
        withUnsafeMutablePointer(to: &count) { hw_load64(UInt64(UInt(bitPattern: $0))) }
    }

    static func arrive() {
        withUnsafeMutablePointer(to: &count) { _ = hw_add64(UInt64(UInt(bitPattern: $0)), 1) }
    }
}

@c(guest_processor_start)
func processorStart(_ area: UInt64) {
    let apic = LocalAPIC(mode: Processors.mode)
    apic.start()
    let processor = Processor(area: area, index: Int(hw_load32(area + UInt64(CPU_INDEX))), apic: apic)
    Processors.arrive()
    Processors.body?(processor)
    Processor.stop()
}
