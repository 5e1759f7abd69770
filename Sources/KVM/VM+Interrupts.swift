// SPDX-License-Identifier: Apache-2.0

internal import CKVM
public import Linux

extension VM {
    /// Asserts or releases a pin of the interrupt controllers (KVM api.rst 4.25 KVM_IRQ_LINE).
    /// - Throws: `Errno` of KVM_IRQ_LINE.
    public borrowing func setLine(gsi: UInt32, _ asserted: Bool) throws(Errno) {
        var level = kvm_irq_level()
        level.irq = gsi
        level.level = asserted ? 1 : 0
        try ioctl(descriptor.raw, CKVM_IRQ_LINE, &level, "KVM_IRQ_LINE")
    }

    /// Replaces the whole routing table (KVM api.rst 4.52).
    /// - Throws: `Errno` of KVM_SET_GSI_ROUTING.
    public borrowing func setRoutes(_ routes: [InterruptRoute]) throws(Errno) {
        try unsafe ioctl(
            descriptor.raw, CKVM_SET_GSI_ROUTING, header: MemoryLayout<kvm_irq_routing>.size,
            stride: MemoryLayout<kvm_irq_routing_entry>.stride, count: routes.count, "KVM_SET_GSI_ROUTING",
            prepare: { p in
                let table = unsafe p.assumingMemoryBound(to: kvm_irq_routing.self)
                unsafe table.pointee.nr = UInt32(routes.count)
                for (i, route) in routes.enumerated() { unsafe ckvm_routing_entries(table)[i] = route.entry }
            }, result: { (_, _) throws(Errno) in })
    }

    /// Signals of `event` raise the interrupt from now on; one that waits already is delivered (KVM api.rst 4.75).
    /// - Throws: `Errno` of KVM_IRQFD.
    public borrowing func attachInterrupt(gsi: UInt32, event: Int32) throws(Errno) {
        var irqfd = kvm_irqfd()
        irqfd.fd = UInt32(bitPattern: event)
        irqfd.gsi = gsi
        try ioctl(descriptor.raw, CKVM_IRQFD, &irqfd, "KVM_IRQFD")
        // The kernel injects for a count it finds on attachment but leaves it in the eventfd, where it would be
        // delivered once more on the next attachment. Later signals never reach the counter.
        EventFD.drain(event)
    }

    /// Signals of `event` stay in its counter from now on.
    /// - Throws: `Errno` of KVM_IRQFD.
    public borrowing func detachInterrupt(gsi: UInt32, event: Int32) throws(Errno) {
        var irqfd = kvm_irqfd()
        irqfd.fd = UInt32(bitPattern: event)
        irqfd.gsi = gsi
        irqfd.flags = UInt32(KVM_IRQFD_FLAG_DEASSIGN)
        try ioctl(descriptor.raw, CKVM_IRQFD, &irqfd, "KVM_IRQFD")
    }

    /// Guest writes to an address ring an eventfd inside the kernel (KVM api.rst 4.59 KVM_IOEVENTFD).
    /// - Parameters:
    ///   - size: bytes of the write; 0 for any.
    ///   - value: only this value rings; nil for any.
    ///   - isPort: an I/O port instead of a memory address.
    ///   - attached: false takes the doorbell away again.
    /// - Throws: `Errno` of KVM_IOEVENTFD.
    public borrowing func setDoorbell(
        address: UInt64, size: Int, value: UInt64?, isPort: Bool = false, event: Int32, attached: Bool
    ) throws(Errno) {
        var bell = kvm_ioeventfd()
        bell.addr = address
        bell.len = UInt32(size)
        bell.fd = event
        bell.datamatch = value ?? 0
        bell.flags =
            (value == nil ? 0 : CKVM_IOEVENTFD_DATAMATCH) | (isPort ? CKVM_IOEVENTFD_PIO : 0)
            | (attached ? 0 : CKVM_IOEVENTFD_DEASSIGN)
        try ioctl(descriptor.raw, CKVM_IOEVENTFD, &bell, "KVM_IOEVENTFD")
    }
}
