// SPDX-License-Identifier: Apache-2.0

/// One answer of the CPUID instruction, field for field what `kvm_cpuid_entry2` holds (KVM api.rst 4.46).
public struct CPUIDEntry: Equatable, Hashable, Sendable {
    /// The leaf: EAX on entry.
    public var function: UInt32
    /// The sub-leaf: ECX on entry, when `flags` says that it counts.
    public var index: UInt32
    /// Bit 0: `index` is significant.
    public var flags: UInt32
    /// Result.
    public var eax: UInt32
    /// Result.
    public var ebx: UInt32
    /// Result.
    public var ecx: UInt32
    /// Result.
    public var edx: UInt32

    /// `KVM_CPUID_FLAG_SIGNIFCANT_INDEX`.
    public static let significantIndex: UInt32 = 1

    /// An answer.
    public init(
        function: UInt32, index: UInt32 = 0, flags: UInt32 = 0, eax: UInt32 = 0, ebx: UInt32 = 0, ecx: UInt32 = 0,
        edx: UInt32 = 0
    ) {
        self.function = function
        self.index = index
        self.flags = flags
        self.eax = eax
        self.ebx = ebx
        self.ecx = ecx
        self.edx = edx
    }

    subscript(register: CPUFeature.Register) -> UInt32 {
        get {
            switch register {
            case .eax: eax
            case .ebx: ebx
            case .ecx: ecx
            case .edx: edx
            }
        }
        set {
            switch register {
            case .eax: eax = newValue
            case .ebx: ebx = newValue
            case .ecx: ecx = newValue
            case .edx: edx = newValue
            }
        }
    }
}
