// SPDX-License-Identifier: Apache-2.0

internal import GuestMemory

/// The PCI Express memory-mapped configuration table (PCI Firmware 3.3 §4.1.2).
enum MCFG {
    /// Segment 0 at the platform's ECAM window, one MiB a bus.
    static func table() -> [UInt8] {
        var table = ACPITable(signature: "MCFG", revision: 1)
        table.append(UInt64(0))
        table.append(PhysicalMap.ecam.lowerBound)
        table.append(UInt16(0))
        table.append([0, DSDT.lastBus, 0, 0, 0, 0] as [UInt8])
        return table.finished
    }
}
