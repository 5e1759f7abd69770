// SPDX-License-Identifier: Apache-2.0

internal import CKVM

/// Where a global interrupt number leads (KVM api.rst 4.52 KVM_SET_GSI_ROUTING).
public enum InterruptRoute: Equatable, Sendable {
    /// A pin of the master (0) or slave (1) PIC or of the IOAPIC (2).
    case pin(gsi: UInt32, chip: UInt32, pin: UInt32)
    /// A message-signalled interrupt.
    case message(gsi: UInt32, address: UInt64, data: UInt32)

    /// The PC's wiring: ISA lines reach PIC and IOAPIC, the timer's line the IOAPIC's pin 2, the rest the IOAPIC alone.
    public static let standard: [InterruptRoute] =
        (0..<16).filter { $0 != 2 }.map { .pin(gsi: $0, chip: $0 < 8 ? 0 : 1, pin: $0 % 8) }
        + (0..<24).filter { $0 != 2 }.map { .pin(gsi: $0, chip: 2, pin: $0 == 0 ? 2 : $0) }

    var entry: kvm_irq_routing_entry {
        var e = kvm_irq_routing_entry()
        switch self {
        case .pin(let gsi, let chip, let pin):
            e.gsi = gsi
            e.type = UInt32(KVM_IRQ_ROUTING_IRQCHIP)
            unsafe e.u.irqchip = kvm_irq_routing_irqchip(irqchip: chip, pin: pin)
        case .message(let gsi, let address, let data):
            e.gsi = gsi
            e.type = UInt32(KVM_IRQ_ROUTING_MSI)
            unsafe e.u.msi.address_lo = UInt32(truncatingIfNeeded: address)
            unsafe e.u.msi.address_hi = UInt32(truncatingIfNeeded: address >> 32)
            unsafe e.u.msi.data = data
        }
        return e
    }
}
