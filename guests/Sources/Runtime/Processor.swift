// SPDX-License-Identifier: Apache-2.0

import Hardware

/// One virtual CPU, as its own code sees it.
public struct Processor {
    let area: UInt64
    /// Its index, 0 for the boot processor.
    public let index: Int
    /// Its local APIC.
    public let apic: LocalAPIC

    /// The counters of one vector on this processor.
    public func slot(_ vector: UInt8) -> VectorSlot {
        VectorSlot(address: area + UInt64(vector) * 32)
    }

    /// CPUID as ring 0 sees it: on every host what the VMM has set.
    public static func cpuid(_ leaf: UInt32, _ subleaf: UInt32 = 0) -> (
        eax: UInt32, ebx: UInt32, ecx: UInt32, edx: UInt32
    ) {
        var answer = InlineArray<4, UInt32>(repeating: 0)
        withUnsafeMutablePointer(to: &answer) {
            _ = hw_service(UInt64(SERVICE_CPUID), UInt64(leaf), UInt64(subleaf), UInt64(UInt(bitPattern: $0)))
        }
        return (answer[0], answer[1], answer[2], answer[3])
    }

    /// Reads a model-specific register.
    public static func readMSR(_ register: UInt32) -> UInt64 {
        hw_service(UInt64(SERVICE_RDMSR), UInt64(register), 0, 0)
    }

    /// Writes a model-specific register.
    public static func writeMSR(_ register: UInt32, _ value: UInt64) {
        _ = hw_service(UInt64(SERVICE_WRMSR), UInt64(register), value, 0)
    }

    /// Stops this processor for good.
    public static func stop() -> Never {
        while true { _ = hw_service(UInt64(SERVICE_STOP), 0, 0, 0) }
    }

    /// Shuts the machine down by a triple fault.
    public static func tripleFault() -> Never {
        while true { _ = hw_service(UInt64(SERVICE_TRIPLE_FAULT), 0, 0, 0) }
    }
}
