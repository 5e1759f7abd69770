// SPDX-License-Identifier: Apache-2.0

import GuestMemory
import KVM
import Linux
import Testing

/// A VM of one vCPU and 1 MiB that starts in real mode at 0x1000.
final class TinyGuest: Sendable {
    let system: System
    let vm: VM
    let ram: GuestRAM
    let vcpu: VCPU

    /// Whether this machine lets us make VMs; the reason is printed once with the skipped tests.
    static let isAvailable: Bool = {
        do throws(Errno) {
            let system = try System.open()
            _ = try system.createVM()
            return true
        } catch {
            print("KVM suites are skipped: /dev/kvm: \(error)")
            return false
        }
    }()

    init(_ code: [UInt8], interruptControllers: Bool = false) throws {
        system = try System.open()
        vm = try system.createVM()
        ram = try GuestRAM(layout: RAMLayout(bytes: 1 << 20))
        if interruptControllers { try vm.createInterruptControllers() }
        try vm.setMemoryRegion(
            MemorySlot(
                number: 0, start: GuestAddress(0), count: 1 << 20,
                hostAddress: ram.hostAddress(of: ram.layout.regions[0])))
        try ram.memory.write(code, at: GuestAddress(0x1000))
        vcpu = try vm.createVCPU(id: 0)
        try vcpu.setCPUID(try system.supportedCPUID())
        var registers = GeneralRegisters()
        registers.rip = 0x1000
        try vcpu.setGeneralRegisters(registers)
        var segments = try vcpu.systemRegisters()
        segments.cs.base = 0
        segments.cs.selector = 0
        try vcpu.setSystemRegisters(segments)
    }
}
