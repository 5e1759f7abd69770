// SPDX-License-Identifier: Apache-2.0

internal import CKVM
public import Linux

/// The in-kernel PICs, IOAPIC and PIT of a stopped VM, as the kernel's own structs in bytes.
public struct InterruptControllerState: Equatable, Sendable {
    /// struct kvm_irqchip of the master PIC, the slave PIC and the IOAPIC.
    public var chips: [[UInt8]]
    /// struct kvm_pit_state2.
    public var timer: [UInt8]
}

extension VM {
    /// Takes the state of the in-kernel interrupt controllers.
    /// - Throws: `Errno` that names the call.
    public borrowing func saveInterruptControllers() throws(Errno) -> InterruptControllerState {
        var chips: [[UInt8]] = []
        for number in 0..<3 {
            var chip = kvm_irqchip()
            chip.chip_id = UInt32(number)
            try ioctl(descriptor.raw, CKVM_GET_IRQCHIP, &chip, "KVM_GET_IRQCHIP")
            chips.append(unsafe withUnsafeBytes(of: chip) { unsafe [UInt8]($0) })
        }
        var pit = kvm_pit_state2()
        try ioctl(descriptor.raw, CKVM_GET_PIT2, &pit, "KVM_GET_PIT2")
        return InterruptControllerState(chips: chips, timer: unsafe withUnsafeBytes(of: pit) { unsafe [UInt8]($0) })
    }

    /// Puts a saved state back.
    /// - Throws: `Errno` that names the call; EINVAL when the state has another shape.
    public borrowing func loadInterruptControllers(_ state: InterruptControllerState) throws(Errno) {
        for (number, chip) in state.chips.enumerated() {
            guard chip.count == MemoryLayout<kvm_irqchip>.size else { throw Errno(code: 22, call: "KVM_SET_IRQCHIP") }
            var k = unsafe chip.withUnsafeBytes { unsafe $0.loadUnaligned(as: kvm_irqchip.self) }
            k.chip_id = UInt32(clamping: number)
            try ioctl(descriptor.raw, CKVM_SET_IRQCHIP, &k, "KVM_SET_IRQCHIP")
        }
        guard state.timer.count == MemoryLayout<kvm_pit_state2>.size else {
            throw Errno(code: 22, call: "KVM_SET_PIT2")
        }
        var pit = unsafe state.timer.withUnsafeBytes { unsafe $0.loadUnaligned(as: kvm_pit_state2.self) }
        try ioctl(descriptor.raw, CKVM_SET_PIT2, &pit, "KVM_SET_PIT2")
    }
}
