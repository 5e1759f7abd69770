// SPDX-License-Identifier: Apache-2.0

import Hardware

extension Machine {
    private static let stackBytes = 64 << 10

    /// Starts the other processors, one after another, and runs `body` on each; returns all of them, this one first.
    /// - Throws: when one does not answer within ten seconds.
    public func startProcessors(_ limit: Int, _ body: @escaping (Processor) -> Void) throws(Failure) -> [Processor] {
        Processors.body = body
        Processors.mode = processor.apic.mode
        let length = Int(hw_trampoline_end() - hw_trampoline())
        for offset in 0..<UInt64(length) { hw_store8(UInt64(TRAMPOLINE) + offset, hw_load8(hw_trampoline() + offset)) }
        var processors = [processor]
        while processors.count < min(limit, processorIDs.count) {
            processors.append(try start(index: processors.count, id: processorIDs[processors.count]))
        }
        return processors
    }

    private func start(index: Int, id: UInt32) throws(Failure) -> Processor {
        let area = try Physical.allocate(bytes: Int(CPU_SIZE), alignment: Int(CPU_SIZE))
        let stack = try Physical.allocate(bytes: Machine.stackBytes + 8192)
        hw_store32(area + UInt64(CPU_INDEX), UInt32(index))
        hw_store64(area + UInt64(CPU_FAULT_STACK), stack + 8192)
        hw_store64(area + UInt64(CPU_USER_STACK), stack + 8192 + UInt64(Machine.stackBytes))
        hw_store32(area + UInt64(CPU_X2APIC), processor.apic.mode == .registers ? 1 : 0)
        hw_set_ap_cpu(area)
        hw_fence()
        processor.apic.send(0x4500, to: id)  // INIT
        clock.spin(microseconds: 10_000)
        let startup = 0x4600 | UInt32(TRAMPOLINE >> 12)
        let before = Processors.online
        processor.apic.send(startup, to: id)
        clock.spin(microseconds: 200)
        if Processors.online == before { processor.apic.send(startup, to: id) }
        let begin = Clock.now
        while Processors.online == before {
            if clock.milliseconds(since: begin) > 10_000 { throw Failure("processor-absent", seen: UInt64(id)) }
            hw_pause()
        }
        return Processor(area: area, index: index, apic: processor.apic)
    }
}
