// SPDX-License-Identifier: Apache-2.0

extension CPUIDSet {
    /// Features that mean nothing without another, innermost last (Intel SDM 1, 13 to 18).
    private static let dependents: KeyValuePairs<String, [String]> = [
        "xsave": ["avx", "xsaveopt", "xsavec", "xgetbv1", "xsaves", "xfd", "pku", "mpx", "amx-tile"],
        "avx": [
            "avx2", "fma", "f16c", "vaes", "vpclmulqdq", "avx512f", "avx-vnni", "avx-ifma", "fma4", "xop",
            "avx-vnni-int8", "avx-ne-convert", "avx-vnni-int16", "sha512", "sm3", "sm4", "avx10",
        ],
        "avx512f": [
            "avx512dq", "avx512ifma", "avx512pf", "avx512er", "avx512cd", "avx512bw", "avx512vl", "avx512vbmi",
            "avx512vbmi2", "avx512vnni", "avx512bitalg", "avx512-vpopcntdq", "avx512-4vnniw", "avx512-4fmaps",
            "avx512-vp2intersect", "avx512-bf16", "avx512-fp16",
        ],
        "amx-tile": ["amx-bf16", "amx-int8", "amx-fp16", "amx-complex"],
        "lm": ["la57", "pcid"],
        "pcid": ["invpcid"],
        "svm": [
            "npt", "lbrv", "svm-lock", "nrip-save", "tsc-scale", "vmcb-clean", "flushbyasid", "decodeassists",
            "pause-filter", "pfthreshold", "avic", "v-vmsave-vmload", "vgif", "vnmi", "svme-addr-chk",
        ],
    ]

    /// Leaves that describe nothing but one feature.
    private static let leaves: KeyValuePairs<String, ClosedRange<UInt32>> = [
        "sgx": 0x12...0x12, "intel-pt": 0x14...0x14, "amx-tile": 0x1D...0x1E, "svm": 0x8000_000A...0x8000_000A,
    ]

    /// XSAVE components and the feature each belongs to (Intel SDM 1, 13.1).
    private static let components: KeyValuePairs<String, UInt64> = [
        "avx": 1 << 2, "mpx": 3 << 3, "avx512f": 7 << 5, "pku": 1 << 9, "amx-tile": 3 << 17,
    ]

    /// Turns off what depends on a feature that is off, and cuts leaf 0xD to the components that are left.
    mutating func settleDependencies() {
        for (name, others) in Self.dependents {
            guard let feature = CPUFeature.named(name), !has(feature) else { continue }
            for other in others.compactMap(CPUFeature.named) { turn(other, on: false) }
        }
        for (name, leaves) in Self.leaves {
            if let feature = CPUFeature.named(name), !has(feature) { remove { leaves.contains($0.function) } }
        }
        guard let xsave = CPUFeature.named("xsave"), has(xsave) else {
            remove { $0.function == 0xD }
            return
        }
        var gone: UInt64 = 0
        for (name, bits) in Self.components {
            if let feature = CPUFeature.named(name), !has(feature) { gone |= bits }
        }
        update(0xD) {
            $0.eax &= ~UInt32(truncatingIfNeeded: gone)
            $0.edx &= ~UInt32(truncatingIfNeeded: gone >> 32)
        }
        remove { $0.function == 0xD && (2..<64).contains($0.index) && gone >> UInt64($0.index) & 1 != 0 }
        // ECX: bytes an XSAVE area of all components needs; the largest end of those left, at least the legacy 576.
        let end =
            entries.filter { $0.function == 0xD && $0.index >= 2 && $0.ecx & 1 == 0 }
            .map { $0.eax.addingReportingOverflow($0.ebx).partialValue }.max() ?? 0
        update(0xD) {
            $0.ecx = max(576, end)
            $0.ebx = min($0.ebx, $0.ecx)
        }
    }
}
