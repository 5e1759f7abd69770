// SPDX-License-Identifier: Apache-2.0

import Hardware

/// The machine as the payload finds it.
public struct Machine {
    /// The command line.
    public let arguments: Arguments
    /// The memory map.
    public let memory: [MemoryRange]
    /// TSC and its frequency.
    public let clock: Clock
    /// The boot processor.
    public let processor: Processor
    /// APIC ids of all processors, the boot processor first.
    public let processorIDs: [UInt32]
    let ecam: (base: UInt64, lastBus: UInt8)?

    /// First address after the image and its heap: free for the payload's own use.
    public let freeStart: UInt64

    init(bootArea: UInt64) throws(Failure) {
        let info = try StartInfo(address: hw_start_info())
        arguments = info.arguments
        memory = info.memory
        freeStart = Machine.growHeap(memory)
        for range in memory where range.isRAM && range.end > 1 << 32 {
            try AddressSpace.map(from: range.start, to: range.end)
        }
        let tables = try Tables(rsdp: info.rsdp)
        ecam = tables.ecam
        clock = try Clock()
        let wantsRegisters = arguments.has("apic", "x2apic") && Processor.cpuid(1).ecx & 1 << 21 != 0
        let apic = LocalAPIC(mode: wantsRegisters ? .registers : .memory)
        hw_store32(bootArea + UInt64(CPU_X2APIC), wantsRegisters ? 1 : 0)
        apic.start()
        processor = Processor(area: bootArea, index: 0, apic: apic)
        var ids = [apic.id]
        for id in tables.processors where id != ids[0] { ids.append(id) }
        processorIDs = ids
    }

    /// Gives the heap a quarter of the RAM above the image, at most 64 MiB, and says where it ends.
    private static func growHeap(_ memory: [MemoryRange]) -> UInt64 {
        for range in memory where range.isRAM && range.start <= hw_image_start() && range.end > hw_image_end() {
            let share = min((range.end - hw_image_end()) / 4, 64 << 20)
            Heap.extend(to: (hw_image_end() + share) & ~4095)
        }
        return Heap.end
    }
}
