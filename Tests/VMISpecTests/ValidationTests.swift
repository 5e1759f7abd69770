// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import VMISpec

@Suite("An invalid manifest")
struct ValidationTests {
    /// Changes to the full manifest, and the problems that must come of them, whole.
    typealias Row = (changes: KeyValuePairs<String, String>, problems: [String])

    static let cpu = "spec.domain.cpu"
    static let dedicated = #"{"cores": 2, "dedicatedCpuPlacement": true}"#
    static let none = #"{}"#

    static let processors: [Row] = [
        (["\(cpu).cores": "0"], ["\(cpu).cores: must be at least 1"]),
        (["\(cpu).cores": "-1"], ["\(cpu).cores: must be at least 1"]),
        (["\(cpu).sockets": "0"], ["\(cpu).sockets: must be at least 1"]),
        (["\(cpu).threads": "0"], ["\(cpu).threads: must be at least 1"]),
        (["\(cpu).cores": "4294967296"], ["\(cpu).cores: must be at most 4294967295"]),
        (["\(cpu).cores": "99999999999999999999"], ["\(cpu).cores: must be at most 4294967295"]),
        (["\(cpu).cores": "-99999999999999999999"], ["\(cpu).cores: must be at least 1"]),
        (["\(cpu).cores": "1.5"], ["\(cpu).cores: must be a whole number written without point or exponent"]),
        (["\(cpu).cores": "1e3"], ["\(cpu).cores: must be a whole number written without point or exponent"]),
        (["\(cpu).cores": #""2""#], ["\(cpu).cores: must be an integer, not a string"]),
        (["\(cpu).cores": "true"], ["\(cpu).cores: must be an integer, not a boolean"]),
        (["\(cpu)": "[]"], ["\(cpu): must be an object, not a list"]),
        (["\(cpu).model": "7"], ["\(cpu).model: must be a string, not a number; put it in quotes"]),
        (
            ["\(cpu).cores": "4294967295", "\(cpu).sockets": "4294967295"],
            ["\(cpu): asks for more vCPUs than can be counted; sockets times cores times threads must be at most 4096"]
        ),
        (
            ["\(cpu).cores": "4097"],
            ["\(cpu): asks for 4097 vCPUs; sockets times cores times threads must be at most 4096"]
        ),
        (
            ["\(cpu)": "", "spec.domain.resources.limits.cpu": #""5k""#],
            [
                "spec.domain.resources.limits.cpu: asks for 5000 vCPUs; sockets times cores times threads must be at most 4096"
            ]
        ),
        (
            ["\(cpu).maxSockets": "4"],
            [
                "\(cpu).maxSockets: vCPUs cannot be added to a running guest; remove the field or set it to the number of sockets"
            ]
        ),
        (
            ["\(cpu).sockets": "4", "\(cpu).maxSockets": "2"],
            ["\(cpu).maxSockets: is less than the 4 sockets of the machine; remove the field"]
        ),
        (
            ["\(cpu).features": #"[{"name": "avx2"}, {"name": "avx2"}]"#],
            ["\(cpu).features[1].name: \"avx2\" is given at \(cpu).features[0] already; keep one of them"]
        ),
        (
            ["\(cpu).features": #"[{"policy": "require"}]"#],
            ["\(cpu).features[0].name: is required; name a processor feature, such as avx2"]
        ),
        (
            ["\(cpu).features": #"[{"name": "a b"}]"#],
            ["\(cpu).features[0].name: \"a b\" is no name of a processor feature, such as avx2"]
        ),
        (
            ["\(cpu).features[0].policy": #""required""#],
            [
                "\(cpu).features[0].policy: \"required\" is unknown; must be one of: force, require, optional, disable, forbid"
            ]
        ),
        (
            ["\(cpu).isolateEmulatorThread": "true"],
            [
                "\(cpu).isolateEmulatorThread: should be only set in combination with dedicatedCpuPlacement; set that too or remove it"
            ]
        ),
        (
            ["\(cpu).numa": #"{"guestMappingPassthrough": {}}"#],
            ["\(cpu).numa.guestMappingPassthrough: needs \(cpu).dedicatedCpuPlacement; set it to true"]
        ),
        (
            [
                "\(cpu).numa": #"{"guestMappingPassthrough": {}}"#, "\(cpu).dedicatedCpuPlacement": "true",
                "spec.domain.resources": none,
            ],
            ["\(cpu).numa.guestMappingPassthrough: needs spec.domain.memory.hugepages; set pageSize to 2Mi or 1Gi"]
        ),
        (
            ["\(cpu)": #"{"dedicatedCpuPlacement": true}"#, "spec.domain.resources": none],
            [
                "\(cpu).dedicatedCpuPlacement: needs a number of CPUs; set \(cpu).cores, spec.domain.resources.requests.cpu or spec.domain.resources.limits.cpu"
            ]
        ),
        (
            ["\(cpu)": dedicated, "spec.domain.resources": #"{"limits": {"cpu": "1500m"}}"#],
            [
                "spec.domain.resources.requests.cpu: '1500m' must be a whole number with dedicatedCpuPlacement; use 2",
                "spec.domain.resources.limits.cpu: '1500m' must be a whole number with dedicatedCpuPlacement; use 2",
            ]
        ),
        (
            ["\(cpu)": dedicated, "spec.domain.resources": #"{"requests": {"cpu": "2"}, "limits": {"cpu": "3"}}"#],
            [
                "spec.domain.resources.limits.cpu: must be equal to spec.domain.resources.requests.cpu with dedicatedCpuPlacement"
            ]
        ),
        (
            ["\(cpu)": dedicated, "spec.domain.resources": #"{"requests": {"cpu": "3"}}"#],
            [
                "spec.domain.resources.requests.cpu: must be equal to the number of vCPUs, 2, with dedicatedCpuPlacement; remove the field"
            ]
        ),
        (
            ["\(cpu)": #"{"cores": 1, "threads": 3, "dedicatedCpuPlacement": true}"#, "spec.domain.resources": none],
            ["\(cpu).threads: must be at most 2 with dedicatedCpuPlacement (got 3)"]
        ),
        (
            [
                "\(cpu)": dedicated,
                "spec.domain.resources": #"{"requests": {"memory": "1Gi"}, "limits": {"memory": "2Gi"}}"#,
            ],
            [
                "spec.domain.resources.limits.memory: must be equal to spec.domain.resources.requests.memory with dedicatedCpuPlacement"
            ]
        ),
        (
            ["spec.domain.resources.requests.cpu": #""3""#],
            ["spec.domain.resources.requests.cpu: '3' is greater than spec.domain.resources.limits.cpu '2'; lower it"]
        ),
        (["spec.domain.resources.limits.cpu": #""-1""#], ["spec.domain.resources.limits.cpu: must not be negative"]),
        (
            ["spec.domain.resources.limits.gpu": "1"],
            ["spec.domain.resources.limits.gpu: unknown field; did you mean \"cpu\"?"]
        ),
    ]

    static let memory: [Row] = [
        (["spec.domain.memory.guest": #""-1Gi""#], ["spec.domain.memory.guest: must not be negative"]),
        (
            ["spec.domain.memory.guest": #""0""#],
            ["spec.domain.memory.guest: '0' is too little memory for a guest; must be at least 16Mi"]
        ),
        (
            ["spec.domain.memory.guest": #""15Mi""#],
            ["spec.domain.memory.guest: '15Mi' is too little memory for a guest; must be at least 16Mi"]
        ),
        (
            ["spec.domain.memory.guest": #""65Ti""#, "spec.domain.resources": none],
            ["spec.domain.memory.guest: '65Ti' is more memory than a guest can address; must be at most 64Ti"]
        ),
        (
            ["spec.domain.memory.guest": #""9Ei""#],
            ["spec.domain.memory.guest: the quantity is too large; at most 9223372036854775807 can be asked for"]
        ),
        (
            ["spec.domain.memory.guest": #""1gi""#],
            [#"spec.domain.memory.guest: unknown suffix "gi"; did you mean "Gi"?"#]
        ),
        (
            ["spec.domain.memory.guest": "{}"],
            ["spec.domain.memory.guest: must be a quantity such as 512Mi, not an object"]
        ),
        (
            ["spec.domain.memory.guest": #""4Gi""#],
            [
                "spec.domain.memory.guest: '4Gi' must be equal to or less than the memory limit spec.domain.resources.limits.memory '2Gi'"
            ]
        ),
        (
            ["spec.domain.memory": "", "spec.domain.resources": none],
            [
                "spec.domain.memory.guest: no memory requested; set it, spec.domain.memory.hugepages.pageSize or spec.domain.resources.requests.memory"
            ]
        ),
        (
            ["spec.domain.memory": "", "spec.domain.resources": #"{"requests": {"memory": "1Mi"}}"#],
            ["spec.domain.resources.requests.memory: '1Mi' is too little memory for a guest; must be at least 16Mi"]
        ),
        (
            ["spec.domain.resources.requests.memory": #""4Gi""#],
            [
                "spec.domain.resources.requests.memory: '4Gi' is greater than spec.domain.resources.limits.memory '2Gi'; lower it"
            ]
        ),
        (
            ["spec.domain.resources.requests.memory": #""1k""#],
            ["spec.domain.resources.requests.memory: '1k': must be greater than or equal to 1M"]
        ),
        (
            ["spec.domain.memory.maxGuest": #""2Gi""#],
            [
                "spec.domain.memory.maxGuest: memory cannot be added to a running guest; remove the field or set it to '1Gi'"
            ]
        ),
        (
            ["spec.domain.memory.hugepages": #"{"pageSize": "4Ki"}"#],
            ["spec.domain.memory.hugepages.pageSize: '4Ki' is no size of huge pages; use 2Mi or 1Gi"]
        ),
        (
            ["spec.domain.memory.hugepages": "{}"],
            ["spec.domain.memory.hugepages.pageSize: is required; use 2Mi or 1Gi"]
        ),
        (
            ["spec.domain.memory": #"{"guest": "65Mi", "hugepages": {"pageSize": "2Mi"}}"#],
            ["spec.domain.memory.guest: '65Mi' is not a multiple of the page size '2Mi'; round it"]
        ),
        (
            ["spec.domain.memory": #"{"guest": "512Mi", "hugepages": {"pageSize": "1Gi"}}"#],
            ["spec.domain.memory.guest: '512Mi' must be equal to or larger than page size '1Gi'"]
        ),
        (
            ["spec.domain.memory": #"{"hugepages": {"pageSize": "2Mi"}}"#, "spec.domain.resources": none],
            ["spec.domain.memory.guest: '2Mi' is too little memory for a guest; must be at least 16Mi"]
        ),
    ]

    static let firmware: [Row] = [
        (
            ["spec.domain.machine.type": #""pc-i440fx-2.10""#],
            ["spec.domain.machine.type: \"pc-i440fx-2.10\" is not supported; use q35 or remove the field"]
        ),
        (
            ["spec.domain.firmware.uuid": #""1234""#],
            [
                "spec.domain.firmware.uuid: \"1234\" is no UUID; write 32 hexadecimal digits as 8-4-4-4-12, or remove the field"
            ]
        ),
        (
            ["spec.domain.firmware.serial": #""a\nb""#],
            ["spec.domain.firmware.serial: must be at most 64 printable ASCII characters"]
        ),
        (
            ["spec.domain.firmware.kernelBoot": ""],
            [
                "spec.domain.firmware.kernelBoot: is required; booting from a disk takes firmware, which is not supported in this version: name a kernel"
            ]
        ),
        (
            ["spec.domain.firmware.kernelBoot.container": ""],
            [
                "spec.domain.firmware.kernelBoot.kernelArgs: kernel arguments cannot be provided without an external kernel; add container"
            ]
        ),
        (
            ["spec.domain.firmware.kernelBoot": "{}"],
            ["spec.domain.firmware.kernelBoot.container: is required; name the image that holds the kernel"]
        ),
        (
            ["\(RefusalTests.container).image": ""],
            [
                "\(RefusalTests.container).image: is required; name the image that holds the kernel, as in --image NAME=DIR"
            ]
        ),
        (
            ["\(RefusalTests.container).kernelPath": ""],
            ["\(RefusalTests.container).kernelPath: is required; give the kernel's path in the image"]
        ),
        (
            ["\(RefusalTests.container).kernelPath": #""/""#],
            ["\(RefusalTests.container).kernelPath: must not point to root; name a file"]
        ),
    ]

    static let paths = [
        "vmlinuz", "./vmlinuz", "/../etc/passwd", "/boot/../../x", "/a//b", "/a/./b", "/a/", "//", "/a\\u0000b",
    ]

    @Test("names a path in an image that could lead out of it", arguments: paths)
    func escape(_ path: String) throws {
        let problems = Manifests.problems(try Manifests.with("\(RefusalTests.container).initrdPath", "\"\(path)\""))
        #expect(problems.count == 1)
        #expect(problems.first?.hasSuffix("must be an absolute path to a file without relative components") ?? false)
    }

    @Test("is refused with exactly these lines", arguments: processors + memory + firmware)
    func refusal(_ row: Row) throws {
        var value = try JSONValue(parsing: Array(Manifests.full.utf8))
        for (path, json) in row.changes {
            value = Manifests.setting(
                path, to: json.isEmpty ? nil : try JSONValue(parsing: Array(json.utf8)), in: value)
        }
        #expect(Manifests.problems(value) == row.problems)
    }

    @Test("has all its problems told at once, each field's once")
    func collection() throws {
        var value = try JSONValue(parsing: Array(Manifests.full.utf8))
        value = Manifests.setting("spec.domain.cpu.cores", to: .integer(0), in: value)
        value = Manifests.setting("spec.domain.memory.guest", to: .string("x"), in: value)
        value = Manifests.setting("spec.domain.devices.tpm", to: .object([:]), in: value)
        value = Manifests.setting("metadata.name", to: .string("UPPER"), in: value)
        let problems = Manifests.problems(value)
        #expect(problems.count == 4, "\(problems)")
        #expect(Set(problems.map { $0.prefix { $0 != ":" } }).count == 4)
    }

    @Test("with more problems than a person reads has the rest counted")
    func many() throws {
        let disks = JSONValue.array((0..<500).map { .object(["name": .string("d\($0)")]) })
        let problems = Manifests.problems(
            Manifests.setting(
                "spec.domain.devices.disks", to: disks, in: try JSONValue(parsing: Array(Manifests.full.utf8))))
        #expect(problems.count == Report.mostProblems + 1)
        #expect(problems.last?.hasSuffix("more problems") ?? false)
    }
}
