// SPDX-License-Identifier: Apache-2.0

@testable import Boot

/// Hosts as `KVM_GET_SUPPORTED_CPUID` describes them, cut to the leaves the policy looks at.
enum SyntheticCPU {
    static let indexed = CPUIDEntry.significantIndex

    /// An Intel server with AVX-512, AMX and four caches; `f` in a register means all bits.
    static let intel = CPUIDPolicy.Host(
        entries: common(vendor: (0x756E_6547, 0x6C65_746E, 0x4965_6E69)) + [
            CPUIDEntry(function: 4, index: 0, flags: indexed, eax: 0x7C00_4121, ebx: 0x02C0_003F, ecx: 0x3F),
            CPUIDEntry(function: 4, index: 1, flags: indexed, eax: 0x7C00_4122, ebx: 0x01C0_003F, ecx: 0x3F),
            CPUIDEntry(function: 4, index: 2, flags: indexed, eax: 0x7C00_4143, ebx: 0x03C0_003F, ecx: 0x7FF),
            CPUIDEntry(function: 4, index: 3, flags: indexed, eax: 0x7C0F_C163, ebx: 0x02C0_003F, ecx: 0xFFFF),
            CPUIDEntry(function: 4, index: 4, flags: indexed),
            CPUIDEntry(function: 0xA, eax: 0x0730_0402, edx: 0x603),
            CPUIDEntry(function: 0xB, index: 0, flags: indexed, eax: 1, ebx: 2, ecx: 0x100, edx: 77),
            CPUIDEntry(function: 0xB, index: 1, flags: indexed, eax: 7, ebx: 0x80, ecx: 0x201, edx: 77),
            CPUIDEntry(function: 0x1F, index: 0, flags: indexed, eax: 1, ebx: 2, ecx: 0x100, edx: 77),
        ], tscDeadlineTimer: true)

    /// An AMD server with topology extensions.
    static let amd = CPUIDPolicy.Host(
        entries: common(vendor: (0x6874_7541, 0x444D_4163, 0x6974_6E65)) + [
            CPUIDEntry(function: 0x8000_001D, index: 0, flags: indexed, eax: 0x0000_4121, ebx: 0x01C0_003F, ecx: 0x3F),
            CPUIDEntry(
                function: 0x8000_001D, index: 3, flags: indexed, eax: 0x0003_C163, ebx: 0x03C0_003F, ecx: 0x7FFF),
            CPUIDEntry(function: 0x8000_001D, index: 4, flags: indexed),
            CPUIDEntry(function: 0x8000_001E, eax: 9, ebx: 0x104, ecx: 3),
            CPUIDEntry(function: 0x8000_0022, eax: 1),
        ], tscDeadlineTimer: false)

    private static func common(vendor: (ebx: UInt32, ecx: UInt32, edx: UInt32)) -> [CPUIDEntry] {
        [
            CPUIDEntry(function: 0, eax: 0x1F, ebx: vendor.ebx, ecx: vendor.ecx, edx: vendor.edx),
            CPUIDEntry(function: 1, eax: 0x806F8, ebx: 0x4D80_0800, ecx: 0x7EFA_FBFF & ~(1 << 24), edx: 0x1F8B_FBFF),
            CPUIDEntry(function: 6, eax: 4),
            CPUIDEntry(function: 7, index: 0, flags: indexed, eax: 2, ebx: .max, ecx: .max, edx: .max),
            CPUIDEntry(function: 7, index: 1, flags: indexed, eax: 0x30),
            CPUIDEntry(function: 0xD, index: 0, flags: indexed, eax: 0x6_02FF, ebx: 576, ecx: 11008),
            CPUIDEntry(function: 0xD, index: 1, flags: indexed, eax: 0x1F, ebx: 576),
            CPUIDEntry(function: 0xD, index: 2, flags: indexed, eax: 256, ebx: 576),
            CPUIDEntry(function: 0xD, index: 5, flags: indexed, eax: 64, ebx: 1088),
            CPUIDEntry(function: 0xD, index: 6, flags: indexed, eax: 512, ebx: 1152),
            CPUIDEntry(function: 0xD, index: 7, flags: indexed, eax: 1024, ebx: 1664),
            CPUIDEntry(function: 0xD, index: 9, flags: indexed, eax: 8, ebx: 2688),
            CPUIDEntry(function: 0xD, index: 17, flags: indexed, eax: 64, ebx: 2752),
            CPUIDEntry(function: 0xD, index: 18, flags: indexed, eax: 8192, ebx: 2816),
            CPUIDEntry(function: 0x4000_0000, eax: 0x4000_0001, ebx: 0x4B4D_564B, ecx: 0x564B_4D56, edx: 0x4D),
            CPUIDEntry(function: 0x4000_0001, eax: 0x0101_FEFB),
            CPUIDEntry(function: 0x8000_0000, eax: 0x8000_0022),
            CPUIDEntry(function: 0x8000_0001, ecx: 0x0040_0121 | 1 << 23, edx: 0x2C10_0800),
            CPUIDEntry(function: 0x8000_0002, eax: 0x4150_5553),
            CPUIDEntry(function: 0x8000_0007, edx: 0x100),
            CPUIDEntry(function: 0x8000_0008, eax: 0x392E, ecx: 0x607F),
        ]
    }
}
