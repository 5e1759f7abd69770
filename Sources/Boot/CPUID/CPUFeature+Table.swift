// SPDX-License-Identifier: Apache-2.0

extension CPUFeature {
    /// Every feature a manifest may name, in CPUID order (Intel SDM 2A CPUID; AMD APM 3 appendix E;
    /// KVM Documentation/virt/kvm/x86/cpuid.rst). The tables give a bit's name, then its other spellings.
    public static let all: [CPUFeature] =
        rows(0x1, .edx, standardEDX) + rows(0x1, .ecx, standardECX) + rows(0x6, .eax, [2: "arat"])
        + rows(0x7, .ebx, structuredEBX) + rows(0x7, .ecx, structuredECX) + rows(0x7, .edx, structuredEDX)
        + rows(0x7, index: 1, .eax, structured1EAX) + rows(0x7, index: 1, .edx, structured1EDX)
        + rows(0x7, index: 2, .edx, structured2EDX)
        + rows(0xD, index: 1, .eax, [0: "xsaveopt", 1: "xsavec", 2: "xgetbv1", 3: "xsaves", 4: "xfd"])
        + rows(0x14, .ebx, [0: "intel-pt-cr3-filter", 1: "intel-pt-psb"])
        + rows(0x4000_0001, .eax, paravirtual) + rows(0x4000_0001, .edx, [0: "kvm-hint-dedicated"])
        + rows(0x8000_0001, .edx, extendedEDX) + rows(0x8000_0001, .ecx, extendedECX)
        + rows(0x8000_0007, .edx, [8: "invtsc"]) + rows(0x8000_0008, .ebx, extended8EBX)
        + rows(0x8000_000A, .edx, nestedAMD) + rows(0x8000_0021, .eax, extended21EAX)

    /// Features whose state cannot follow a guest to another host.
    private static let notMigratable: Set<String> = [
        "invtsc", "intel-pt", "intel-pt-cr3-filter", "intel-pt-psb", "sgx", "sgxlc", "arch-lbr", "pconfig", "monitor",
        "kvm-hint-dedicated", "kvm-mmu",
    ]

    private static func rows(
        _ function: UInt32, index: UInt32 = 0, _ register: Register, _ names: KeyValuePairs<UInt8, String>
    ) -> [CPUFeature] {
        names.map { bit, text in
            let words = text.split(separator: " ").map(String.init)
            let name = words.first ?? text
            return CPUFeature(
                name: name, aliases: Array(words.dropFirst()), function: function, index: index, register: register,
                bit: bit, isMigratable: !notMigratable.contains(name))
        }
    }

    private static let standardEDX: KeyValuePairs<UInt8, String> = [
        0: "fpu", 1: "vme", 2: "de", 3: "pse", 4: "tsc", 5: "msr", 6: "pae", 7: "mce", 8: "cx8", 9: "apic", 11: "sep",
        12: "mtrr", 13: "pge", 14: "mca", 15: "cmov", 16: "pat", 17: "pse36", 18: "pn", 19: "clflush", 21: "ds",
        22: "acpi", 23: "mmx", 24: "fxsr", 25: "sse", 26: "sse2", 27: "ss", 28: "ht", 29: "tm", 30: "ia64", 31: "pbe",
    ]

    private static let standardECX: KeyValuePairs<UInt8, String> = [
        0: "pni sse3", 1: "pclmuldq pclmulqdq", 2: "dtes64", 3: "monitor", 4: "ds_cpl", 5: "vmx", 6: "smx", 7: "est",
        8: "tm2", 9: "ssse3", 10: "cid", 12: "fma", 13: "cx16", 14: "xtpr", 15: "pdcm", 17: "pcid", 18: "dca",
        19: "sse4.1", 20: "sse4.2", 21: "x2apic", 22: "movbe", 23: "popcnt", 24: "tsc-deadline tscdeadline", 25: "aes",
        26: "xsave", 27: "osxsave", 28: "avx", 29: "f16c", 30: "rdrand rdrnd", 31: "hypervisor",
    ]

    private static let structuredEBX: KeyValuePairs<UInt8, String> = [
        0: "fsgsbase", 1: "tsc_adjust", 2: "sgx", 3: "bmi1", 4: "hle", 5: "avx2", 6: "fdp-excptn-only", 7: "smep",
        8: "bmi2", 9: "erms", 10: "invpcid", 11: "rtm", 12: "cmt pqm", 13: "zero-fcs-fds", 14: "mpx", 16: "avx512f",
        17: "avx512dq", 18: "rdseed", 19: "adx", 20: "smap", 21: "avx512ifma avx512-ifma", 23: "clflushopt", 24: "clwb",
        25: "intel-pt", 26: "avx512pf", 27: "avx512er", 28: "avx512cd", 29: "sha-ni", 30: "avx512bw", 31: "avx512vl",
    ]

    private static let structuredECX: KeyValuePairs<UInt8, String> = [
        1: "avx512vbmi avx512-vbmi", 2: "umip", 3: "pku", 4: "ospke", 5: "waitpkg", 6: "avx512vbmi2 avx512-vbmi2",
        7: "cet-ss shstk", 8: "gfni", 9: "vaes", 10: "vpclmulqdq", 11: "avx512vnni avx512-vnni",
        12: "avx512bitalg avx512-bitalg", 14: "avx512-vpopcntdq", 16: "la57", 22: "rdpid", 24: "bus-lock-detect",
        25: "cldemote", 27: "movdiri", 28: "movdir64b", 29: "enqcmd", 30: "sgxlc", 31: "pks",
    ]

    private static let structuredEDX: KeyValuePairs<UInt8, String> = [
        2: "avx512-4vnniw", 3: "avx512-4fmaps", 4: "fsrm", 5: "uintr", 8: "avx512-vp2intersect", 10: "md-clear",
        14: "serialize", 16: "tsx-ldtrk", 18: "pconfig", 19: "arch-lbr", 20: "cet-ibt ibt", 22: "amx-bf16",
        23: "avx512-fp16", 24: "amx-tile", 25: "amx-int8", 26: "spec-ctrl", 27: "stibp intel-stibp", 28: "flush-l1d",
        29: "arch-capabilities", 30: "core-capability", 31: "ssbd",
    ]

    private static let structured1EAX: KeyValuePairs<UInt8, String> = [
        0: "sha512", 1: "sm3", 2: "sm4", 4: "avx-vnni", 5: "avx512-bf16", 6: "lass", 7: "cmpccxadd", 10: "fzrm",
        11: "fsrs", 12: "fsrc", 17: "fred", 18: "lkgs", 19: "wrmsrns", 21: "amx-fp16", 23: "avx-ifma", 26: "lam",
    ]

    private static let structured1EDX: KeyValuePairs<UInt8, String> = [
        4: "avx-vnni-int8", 5: "avx-ne-convert", 8: "amx-complex", 10: "avx-vnni-int16", 14: "prefetchiti", 19: "avx10",
    ]

    private static let structured2EDX: KeyValuePairs<UInt8, String> = [
        0: "psfd intel-psfd", 1: "ipred-ctrl", 2: "rrsba-ctrl", 3: "ddpd-u", 4: "bhi-ctrl", 5: "mcdt-no",
    ]

    private static let paravirtual: KeyValuePairs<UInt8, String> = [
        0: "kvmclock-old", 1: "kvm-nopiodelay", 2: "kvm-mmu", 3: "kvmclock kvm-clock", 4: "kvm-asyncpf",
        5: "kvm-steal-time", 6: "kvm-pv-eoi", 7: "kvm-pv-unhalt", 9: "kvm-pv-tlb-flush", 10: "kvm-asyncpf-vmexit",
        11: "kvm-pv-ipi", 12: "kvm-poll-control", 13: "kvm-pv-sched-yield", 14: "kvm-asyncpf-int",
        15: "kvm-msi-ext-dest-id", 16: "kvm-hc-map-gpa", 17: "kvm-migration-control", 24: "kvmclock-stable-bit",
    ]

    private static let extendedEDX: KeyValuePairs<UInt8, String> = [
        11: "syscall", 19: "mp", 20: "nx", 22: "mmxext", 25: "fxsr_opt ffxsr", 26: "pdpe1gb", 27: "rdtscp", 29: "lm",
        30: "3dnowext", 31: "3dnow",
    ]

    private static let extendedECX: KeyValuePairs<UInt8, String> = [
        0: "lahf_lm", 1: "cmp_legacy", 2: "svm", 3: "extapic", 4: "cr8legacy", 5: "abm lzcnt", 6: "sse4a",
        7: "misalignsse", 8: "3dnowprefetch", 9: "osvw", 10: "ibs", 11: "xop", 12: "skinit", 13: "wdt", 15: "lwp",
        16: "fma4", 17: "tce", 19: "nodeid_msr", 21: "tbm", 22: "topoext", 23: "perfctr_core", 24: "perfctr_nb",
    ]

    private static let extended8EBX: KeyValuePairs<UInt8, String> = [
        0: "clzero", 1: "irperf", 2: "xsaveerptr", 4: "rdpru", 9: "wbnoinvd", 12: "ibpb amd-ibpb", 14: "ibrs amd-ibrs",
        15: "amd-stibp", 17: "stibp-always-on amd-stibp-always-on", 19: "ibrs-same-mode", 24: "amd-ssbd",
        25: "virt-ssbd", 26: "amd-no-ssb", 28: "amd-psfd", 29: "btc-no",
    ]

    private static let nestedAMD: KeyValuePairs<UInt8, String> = [
        0: "npt", 1: "lbrv", 2: "svm-lock", 3: "nrip-save", 4: "tsc-scale", 5: "vmcb-clean", 6: "flushbyasid",
        7: "decodeassists", 10: "pause-filter", 12: "pfthreshold", 13: "avic", 15: "v-vmsave-vmload", 16: "vgif",
        25: "vnmi", 28: "svme-addr-chk",
    ]

    private static let extended21EAX: KeyValuePairs<UInt8, String> = [
        0: "no-nested-data-bp", 1: "fs-gs-base-ns", 2: "lfence-always-serializing", 6: "null-sel-clr-base",
        8: "auto-ibrs", 10: "fsrs-amd", 18: "prefetchi", 27: "sbpb", 28: "ibpb-brtype", 29: "srso-no",
    ]
}
