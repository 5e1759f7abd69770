// SPDX-License-Identifier: Apache-2.0

internal import CKVM

/// One leaf of what CPUID answers (KVM api.rst 4.46 struct kvm_cpuid_entry2).
public struct CPUIDEntry: Equatable, Sendable {
    /// EAX as asked.
    public var function: UInt32
    /// ECX as asked, when `flags` bit 0 says that it matters.
    public var index: UInt32
    /// KVM_CPUID_FLAG_*.
    public var flags: UInt32
    /// The answers.
    public var eax, ebx, ecx, edx: UInt32

    /// A leaf.
    public init(function: UInt32, index: UInt32, flags: UInt32, eax: UInt32, ebx: UInt32, ecx: UInt32, edx: UInt32) {
        self.function = function
        self.index = index
        self.flags = flags
        self.eax = eax
        self.ebx = ebx
        self.ecx = ecx
        self.edx = edx
    }
}
