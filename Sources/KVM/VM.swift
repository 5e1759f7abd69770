// SPDX-License-Identifier: Apache-2.0

internal import CKVM
internal import GuestMemory
public import Linux

/// One virtual machine in the kernel: memory slots, interrupt controllers, doorbells, vCPUs.
public struct VM: ~Copyable, Sendable {
    /// The VM's descriptor.
    public let descriptor: FileDescriptor
    let runBytes: Int

    /// The VM's own answer for a capability, which may be smaller than the system's.
    public borrowing func check(_ capability: Capability) -> Int {
        (try? ioctl(descriptor.raw, CKVM_CHECK_EXTENSION, capability.number, "KVM_CHECK_EXTENSION")) ?? 0
    }

    init(owning descriptor: consuming FileDescriptor, runBytes: Int) {
        self.descriptor = descriptor
        self.runBytes = runBytes
    }

    /// Sets, moves or (with a count of 0) removes a memory slot (KVM api.rst 4.35).
    /// - Throws: `Errno` of KVM_SET_USER_MEMORY_REGION.
    public borrowing func setMemoryRegion(_ slot: MemorySlot) throws(Errno) {
        var region = kvm_userspace_memory_region(
            slot: slot.number, flags: slot.flags, guest_phys_addr: slot.start.rawValue, memory_size: slot.count,
            userspace_addr: UInt64(slot.hostAddress))
        try ioctl(descriptor.raw, CKVM_SET_USER_MEMORY_REGION, &region, "KVM_SET_USER_MEMORY_REGION")
    }

    /// Makes PIC, IOAPIC, local APICs and the PIT in the kernel, and sets the pages Intel's real-mode emulation needs.
    /// - Throws: `Errno` that names the call.
    public borrowing func createInterruptControllers() throws(Errno) {
        try ioctl(descriptor.raw, CKVM_SET_TSS_ADDR, UInt(PhysicalMap.taskStateSegment), "KVM_SET_TSS_ADDR")
        var identity = PhysicalMap.identityMap
        try ioctl(descriptor.raw, CKVM_SET_IDENTITY_MAP_ADDR, &identity, "KVM_SET_IDENTITY_MAP_ADDR")
        try ioctl(descriptor.raw, CKVM_CREATE_IRQCHIP, 0, "KVM_CREATE_IRQCHIP")
        var pit = kvm_pit_config()
        pit.flags = UInt32(KVM_PIT_SPEAKER_DUMMY)
        try ioctl(descriptor.raw, CKVM_CREATE_PIT2, &pit, "KVM_CREATE_PIT2")
    }

    /// Makes a vCPU with this number, which is also its APIC id.
    /// - Throws: `Errno` of KVM_CREATE_VCPU or `mmap`.
    public borrowing func createVCPU(id: UInt32) throws(Errno) -> VCPU {
        let raw = try ioctl(descriptor.raw, CKVM_CREATE_VCPU, UInt(id), "KVM_CREATE_VCPU")
        return try VCPU(owning: FileDescriptor(owning: Int32(raw)), id: id, runBytes: runBytes)
    }

    /// A descriptor to read this VM's statistics from (KVM api.rst 4.133 KVM_GET_STATS_FD).
    /// - Throws: `Errno` of KVM_GET_STATS_FD.
    public borrowing func statistics() throws(Errno) -> StatisticsReader {
        try StatisticsReader(of: descriptor)
    }
}
