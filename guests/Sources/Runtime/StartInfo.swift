// SPDX-License-Identifier: Apache-2.0

/// What the loader hands over (Xen public/arch-x86/hvm/start_info.h), copied out before anything is overwritten.
public struct StartInfo {
    private static let magic: UInt32 = 0x336E_C578

    /// The command line.
    public let arguments: Arguments
    /// The memory map; empty when the loader gives none (version 0).
    public let memory: [MemoryRange]
    /// Where the loader says the RSDP is, 0 for nowhere.
    public let rsdp: UInt64

    init(address: UInt64) throws(Failure) {
        guard Physical.read32(address) == StartInfo.magic else {
            throw Failure("no-start-info", seen: UInt64(Physical.read32(address)), wanted: UInt64(StartInfo.magic))
        }
        arguments = Arguments(address: Physical.read64(address + 24))
        rsdp = Physical.read64(address + 32)
        var ranges: [MemoryRange] = []
        if Physical.read32(address + 4) >= 1 {
            let table = Physical.read64(address + 40)
            for index in 0..<UInt64(Physical.read32(address + 48)) {
                let entry = table + index * 24
                ranges.append(
                    MemoryRange(
                        start: Physical.read64(entry), bytes: Physical.read64(entry + 8),
                        kind: Physical.read32(entry + 16)))
            }
        }
        memory = ranges
    }
}
