// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Boot

@Suite("CPU features")
struct CPUIDPolicyTests {
    static func set(
        _ host: CPUIDPolicy.Host = SyntheticCPU.intel, _ model: CPURequest.Model = .hostPassthrough,
        _ features: [CPURequest.Feature] = [], hidesKVM: Bool = false
    ) throws -> CPUIDSet {
        let topology = try BootFixture.topology(1)
        let request = CPURequest(model: model, features: features, topology: topology, hidesKVM: hidesKVM)
        return CPUIDSet(try CPUIDPolicy(host: host, request: request).entries(forCPU: 0))
    }

    static func has(_ set: CPUIDSet, _ name: String) throws -> Bool { set.has(try #require(CPUFeature.named(name))) }

    @Test("the guest sees a hypervisor, its signature and the paravirtual features the host has")
    func paravirtual() throws {
        let set = try Self.set()
        #expect(try Self.has(set, "hypervisor"))
        let signature = try #require(set[0x4000_0000])
        var text: [UInt8] = []
        for register in [signature.ebx, signature.ecx, signature.edx] { text.append(le: register) }
        #expect(text == Array("KVMKVMKVM\0\0\0".utf8))
        for name in ["kvmclock", "kvm-asyncpf", "kvm-steal-time", "kvm-pv-eoi", "kvm-pv-unhalt", "kvmclock-stable-bit"]
        {
            #expect(try Self.has(set, name), "\(name)")
        }
        for name in ["kvm-msi-ext-dest-id", "kvm-hc-map-gpa"] { #expect(try !Self.has(set, name), "\(name)") }
        let poor = CPUIDPolicy.Host(
            entries: SyntheticCPU.intel.entries.filter { $0.function < 0x4000_0000 }, tscDeadlineTimer: false)
        #expect(try Self.set(poor)[0x4000_0001]?.eax == 0)
    }

    @Test("a guest that is not to know of KVM finds no signature")
    func hidden() throws {
        #expect(try Self.set(hidesKVM: true)[0x4000_0000] == nil)
        #expect(try Self.set(hidesKVM: true)[0x4000_0001] == nil)
    }

    @Test("the TSC deadline timer is there when KVM has it, and not otherwise")
    func deadline() throws {
        #expect(try Self.has(Self.set(SyntheticCPU.intel), "tsc-deadline"))
        #expect(try !Self.has(Self.set(SyntheticCPU.amd), "tsc-deadline"))
    }

    @Test(
        "OSXSAVE and OSPKE start clear, there is no PMU, and the brand string stays",
        arguments: [SyntheticCPU.intel, SyntheticCPU.amd])
    func fixed(_ host: CPUIDPolicy.Host) throws {
        let set = try Self.set(host)
        for name in ["osxsave", "ospke", "pdcm", "perfctr_core"] { #expect(try !Self.has(set, name), "\(name)") }
        #expect(set[0xA].map { $0.eax | $0.ebx | $0.ecx | $0.edx } ?? 0 == 0)
        #expect(set[0x8000_0022] == nil)
        #expect(set[0x8000_0002]?.eax == 0x4150_5553)
        #expect(set[0x8000_0008]?.eax == 0x392E)
    }

    @Test("host-model leaves out what cannot migrate, host-passthrough keeps it")
    func migratable() throws {
        #expect(try Self.has(Self.set(), "invtsc"))
        let model = try Self.set(SyntheticCPU.intel, .hostModel)
        for name in ["invtsc", "sgx", "intel-pt", "pconfig"] { #expect(try !Self.has(model, name), "\(name)") }
        for name in ["avx2", "aes", "x2apic"] { #expect(try Self.has(model, name), "\(name)") }
        #expect(try Self.has(Self.set(SyntheticCPU.intel, .hostModel, [.init("invtsc")]), "invtsc"))
    }

    @Test("each policy does what libvirt says it does")
    func policies() throws {
        // 3dnow is absent on the host, aes is there.
        #expect(try Self.has(Self.set(SyntheticCPU.intel, .hostModel, [.init("3dnow", .force)]), "3dnow"))
        #expect(try !Self.has(Self.set(SyntheticCPU.intel, .hostModel, [.init("3dnow", .optional)]), "3dnow"))
        #expect(try Self.has(Self.set(SyntheticCPU.intel, .hostModel, [.init("aes", .optional)]), "aes"))
        #expect(try !Self.has(Self.set(SyntheticCPU.intel, .hostModel, [.init("aes", .disable)]), "aes"))
        #expect(try !Self.has(Self.set(SyntheticCPU.intel, .hostModel, [.init("kvm-pv-eoi", .disable)]), "kvm-pv-eoi"))
        #expect(throws: CPUIDError.missingFeature("3dnow")) {
            try Self.set(SyntheticCPU.intel, .hostModel, [.init("3dnow")])
        }
        #expect(throws: CPUIDError.forbiddenFeature("aes")) {
            try Self.set(SyntheticCPU.intel, .hostModel, [.init("aes", .forbid)])
        }
        #expect(try !Self.has(Self.set(SyntheticCPU.intel, .hostModel, [.init("3dnow", .forbid)]), "3dnow"))
    }

    @Test("errors are one line with a remedy")
    func messages() throws {
        let unknown = #expect(throws: CPUIDError.self) {
            try Self.set(SyntheticCPU.intel, .hostModel, [.init("avx22")])
        }
        #expect(unknown?.description == "CPU feature \"avx22\" is not known; did you mean \"avx2\"?")
        let absurd = #expect(throws: CPUIDError.self) {
            try Self.set(SyntheticCPU.intel, .hostModel, [.init(String(repeating: "q", count: 10_000))])
        }
        #expect(absurd?.description.contains("use libvirt's name") == true)
        let model = #expect(throws: CPUIDError.self) { try Self.set(SyntheticCPU.intel, .init("Haswell-v4")) }
        #expect(model?.description.contains("use host-passthrough or host-model") == true)
        #expect(throws: CPUIDError.noHostCPU) {
            try Self.set(CPUIDPolicy.Host(entries: [], tscDeadlineTimer: false))
        }
    }

    @Test("without AVX nothing built on it is left, and XSAVE shrinks with it")
    func dependencies() throws {
        let set = try Self.set(SyntheticCPU.intel, .hostModel, [.init("avx", .disable), .init("amx-tile", .disable)])
        for name in ["avx2", "fma", "avx512f", "avx512bw", "vaes", "amx-int8"] {
            #expect(try !Self.has(set, name), "\(name)")
        }
        #expect(try Self.has(set, "xsave"))
        #expect(set[0xD].map { $0.eax & 0x6_00E4 } == 0)
        #expect(set[0xD]?.ecx == 2696)
        #expect(!set.entries.contains { $0.function == 0xD && [2, 5, 6, 7, 17, 18].contains($0.index) })
        let none = try Self.set(SyntheticCPU.intel, .hostModel, [.init("xsave", .disable)])
        #expect(!none.entries.contains { $0.function == 0xD })
    }

    @Test(
        "libvirt's and QEMU's spellings name the same bit",
        arguments: [
            ("pni", "sse3"), ("sse4.1", "sse4_1"), ("sse4.2", "sse4-2"), ("tsc-deadline", "tscdeadline"),
            ("lahf_lm", "lahf-lm"), ("pclmuldq", "PCLMULQDQ"), ("rdrand", "rdrnd"), ("ibpb", "amd-ibpb"),
        ])
    func spellings(_ a: String, _ b: String) throws {
        let first = try #require(CPUFeature.named(a))
        #expect(CPUFeature.named(b) == first)
    }

    @Test("no two features share a bit or a name, and the table is as long as the field's")
    func table() {
        let bits = CPUFeature.all.map { "\($0.function).\($0.index).\($0.register).\($0.bit)" }
        #expect(Set(bits).count == bits.count)
        let names = CPUFeature.all.flatMap { [$0.name] + $0.aliases }
        #expect(Set(names).count == names.count)
        #expect(CPUFeature.all.count >= 150)
        #expect(CPUFeature.all.allSatisfy { $0.bit < 32 })
    }
}
