// SPDX-License-Identifier: Apache-2.0

internal import CKVM
public import Linux

/// /dev/kvm: what this host's kernel offers, and where VMs come from.
public struct System: ~Copyable, Sendable {
    /// The open device.
    public let descriptor: FileDescriptor
    /// Bytes of the page that a vCPU shares with the kernel.
    let runBytes: Int

    /// The one version of the KVM API that there has been since Linux 2.6.22.
    public static let apiVersion = 12

    /// Takes over an open /dev/kvm.
    /// - Throws: `Errno`; ENOTSUP when the API version is not 12, ENOTTY when this is not KVM.
    public init(owning descriptor: consuming FileDescriptor) throws(Errno) {
        let version = try ioctl(descriptor.raw, CKVM_GET_API_VERSION, 0, "KVM_GET_API_VERSION")
        guard version == System.apiVersion else { throw Errno(code: 95, call: "KVM_GET_API_VERSION") }
        runBytes = try ioctl(descriptor.raw, CKVM_GET_VCPU_MMAP_SIZE, 0, "KVM_GET_VCPU_MMAP_SIZE")
        self.descriptor = descriptor
    }

    /// Opens /dev/kvm.
    /// - Throws: `Errno` of `open` or of the version check.
    public static func open(_ path: String = "/dev/kvm") throws(Errno) -> System {
        try System(owning: try FileDescriptor.open(path, 0o2))
    }

    /// The kernel's answer for a capability: 0 is no; some answer with a number.
    public borrowing func check(_ capability: Capability) -> Int {
        (try? ioctl(descriptor.raw, CKVM_CHECK_EXTENSION, capability.number, "KVM_CHECK_EXTENSION")) ?? 0
    }

    /// Most vCPUs a VM can have.
    public var maximumVCPUs: Int { max(check(.maximumVCPUs), 4) }

    /// Makes an empty VM.
    /// - Throws: `Errno` of KVM_CREATE_VM.
    public borrowing func createVM() throws(Errno) -> VM {
        let raw = try ioctl(descriptor.raw, CKVM_CREATE_VM, 0, "KVM_CREATE_VM")
        return VM(owning: FileDescriptor(owning: Int32(raw)), runBytes: runBytes)
    }

    /// Every CPUID leaf that this host's KVM can give a guest (KVM api.rst 4.46).
    /// - Throws: `Errno` of KVM_GET_SUPPORTED_CPUID.
    public borrowing func supportedCPUID() throws(Errno) -> [CPUIDEntry] {
        var room = 128
        while true {
            do throws(Errno) {
                return try unsafe ioctl(
                    descriptor.raw, CKVM_GET_SUPPORTED_CPUID, header: MemoryLayout<kvm_cpuid2>.size,
                    stride: MemoryLayout<kvm_cpuid_entry2>.stride, count: room, "KVM_GET_SUPPORTED_CPUID",
                    prepare: { unsafe $0.assumingMemoryBound(to: kvm_cpuid2.self).pointee.nent = UInt32(room) },
                    result: { (_, p) throws(Errno) in
                        let table = unsafe p.assumingMemoryBound(to: kvm_cpuid2.self)
                        return unsafe (0..<Int(table.pointee.nent)).map { i in
                            let e = unsafe ckvm_cpuid_entries(table)[i]
                            return CPUIDEntry(
                                function: e.function, index: e.index, flags: e.flags, eax: e.eax, ebx: e.ebx,
                                ecx: e.ecx, edx: e.edx)
                        }
                    })
            } catch {
                guard error.code == 7, room < 4096 else { throw error }
                room *= 2
            }
        }
    }

    /// The numbers of all MSRs that make up a guest's state (KVM api.rst 4.3).
    /// - Throws: `Errno` of KVM_GET_MSR_INDEX_LIST.
    public borrowing func msrIndices() throws(Errno) -> [UInt32] {
        let room = 2048
        return try unsafe ioctl(
            descriptor.raw, CKVM_GET_MSR_INDEX_LIST, header: MemoryLayout<kvm_msr_list>.size, stride: 4, count: room,
            "KVM_GET_MSR_INDEX_LIST",
            prepare: { unsafe $0.assumingMemoryBound(to: kvm_msr_list.self).pointee.nmsrs = UInt32(room) },
            result: { (_, p) throws(Errno) in
                let list = unsafe p.assumingMemoryBound(to: kvm_msr_list.self)
                return unsafe (0..<Int(list.pointee.nmsrs)).map { unsafe ckvm_msr_indices(list)[$0] }
            })
    }
}
