// SPDX-License-Identifier: Apache-2.0

internal import GuestMemory

/// The Multiple APIC Description Table (ACPI 6.4 §5.2.12).
enum MADT {
    /// Identity of the one I/O APIC; KVM's has 24 pins from GSI 0.
    static let ioapicID: UInt8 = 0

    /// The table: a processor entry a CPU, the I/O APIC, the two overrides of an ISA machine and the NMI lines.
    static func table(for platform: PlatformDescription) -> [UInt8] {
        var table = ACPITable(signature: "APIC", revision: 5)
        table.append(UInt32(truncatingIfNeeded: PhysicalMap.localAPIC))
        table.append(UInt32(1))  // PCAT_COMPAT: a pair of 8259s is there too
        var needsX2APIC = false
        for (index, cpu) in platform.cpus.enumerated() {
            if let id = UInt8(exactly: cpu.apicID), id < 0xFF, let uid = UInt8(exactly: index), uid < 0xFF {
                table.append([0, 8, uid, id] as [UInt8])
                table.append(UInt32(1))
            } else {
                needsX2APIC = true
                table.append([9, 16, 0, 0] as [UInt8])
                table.append(cpu.apicID)
                table.append(UInt32(1))
                table.append(UInt32(truncatingIfNeeded: index))
            }
        }
        table.append([1, 12, ioapicID, 0] as [UInt8])
        table.append(UInt32(truncatingIfNeeded: PhysicalMap.ioapic))
        table.append(UInt32(0))
        // The timer's IRQ 0 arrives at pin 2; conforming polarity and trigger.
        appendOverride(irq: 0, gsi: 2, flags: 0, into: &table)
        // The SCI is level triggered and active high: polarity 01, trigger 11.
        appendOverride(
            irq: UInt8(truncatingIfNeeded: PlatformPorts.sciGSI), gsi: PlatformPorts.sciGSI, flags: 0x0D, into: &table)
        table.append([4, 6, 0xFF, 0, 0, 1] as [UInt8])
        if needsX2APIC {
            table.append([0x0A, 12, 0, 0] as [UInt8])
            table.append(UInt32.max)
            table.append([1, 0, 0, 0] as [UInt8])
        }
        return table.finished
    }

    private static func appendOverride(irq: UInt8, gsi: UInt32, flags: UInt16, into table: inout ACPITable) {
        table.append([2, 10, 0, irq] as [UInt8])
        table.append(gsi)
        table.append(flags)
    }
}
