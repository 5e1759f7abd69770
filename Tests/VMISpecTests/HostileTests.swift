// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import VMISpec

@Suite("A hostile manifest")
struct HostileTests {
    static let bytes: [[UInt8]] = {
        let full = Array(Manifests.full.utf8)
        var all: [[UInt8]] = [
            [], [0], [0xFF], [0xEF, 0xBB, 0xBF], Array("null".utf8), Array("[]".utf8), Array("7".utf8),
            Array("\"a\"".utf8),
            Array("apiVersion: kubevirt.io/v1\nkind: VirtualMachineInstance\n".utf8),
            [UInt8](repeating: 0, count: 4096),
            [UInt8](repeating: 0x5B, count: 1 << 20), Array(String(repeating: "{\"a\":", count: 200_000).utf8),
            [UInt8](repeating: 0x20, count: (3 << 20) + 1), [UInt8](repeating: 0x22, count: 1001),
            Array(("[" + String(repeating: "0,", count: 250_000) + "0]").utf8), full + full,
            Array(("1" + String(repeating: "0", count: 1 << 20)).utf8), Array("\u{7F}ELF".utf8),
        ]
        // Cut short at every 37th byte.
        all += stride(from: 0, to: full.count, by: 37).map { Array(full.prefix($0)) }
        return all
    }()

    @Test("that is not even JSON of an object is refused in one line", arguments: bytes)
    func notJSON(_ bytes: [UInt8]) {
        do throws(InvalidManifest) {
            _ = try VMIManifest.parse(bytes)
            Issue.record("was read")
        } catch {
            #expect(error.problems.count == 1)
            #expect(!error.description.contains("\n"))
            #expect(error.description.utf8.count < 300)
        }
    }

    static let values = [
        "null", "true", "false", "0", "-1", "1", "65536", "4294967295", "4294967296", "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775808", "-9223372036854775809", "1e400", "1e-400", "0.1", "-0",
        "1234567890123456789012345678901234567890",
        #""""#, #""x""#, #""\u0000""#, #""9Ei""#, #""-1""#, #""1e99999999999""#, #""../../etc/passwd""#,
        #""\u202Egnp.exe\u001b[2J\r\n""#,
        "\"\(String(repeating: "A", count: 70_000))\"", "\"\(String(repeating: "9", count: 5000))\"", "[]", "[null]",
        "[[]]", "[{}]",
        "[1,2,3]", #"["a","b"]"#, "[{},{},{}]", "{}", #"{"":""}"#, #"{"x":{}}"#, #"{"name":null}"#, #"{"\u0000\n":1}"#,
        #"[{"name":"a"},{"name":"a"}]"#, #"{"enabled":1}"#,
        #"{"cpu":"9223372036854775807","memory":"9223372036854775807"}"#,
        #"{"cores":4294967295,"sockets":4294967295,"threads":4294967295,"dedicatedCpuPlacement":true}"#,
        #"{"guest":"9223372036854775807","hugepages":{"pageSize":"1Gi"},"maxGuest":"1n"}"#,
        #"{"guest":"1n","hugepages":{"pageSize":"0"}}"#, #"{"hugepages":{"pageSize":"9223372036854775807"}}"#,
    ]

    @Test("with any value in any field is read or refused, line by line", arguments: values)
    func anyValue(_ json: String) throws {
        let value = try JSONValue(parsing: Array(json.utf8))
        let root = try JSONValue(parsing: Array(Manifests.full.utf8))
        let more = ["apiVersion", "kind", "metadata", "metadata.name", "metadata.labels", "status", "spec", "spec.x"]
        for field in APIFields.all + more {
            let path = field.split(separator: ".").map { $0.hasSuffix("[]") ? "\($0.dropLast(2))[0]" : String($0) }
                .joined(separator: ".")
            check(Manifests.setting(path, to: value, in: root))
        }
    }

    @Test("made of a good one by thousands of changes is read or refused, line by line", arguments: 0..<4)
    func mutations(_ seed: UInt64) {
        var dice = Dice(seed: 0xA905 &+ seed)
        let seeds = [Manifests.full, Manifests.least, MachineTests.machine].map { Array($0.utf8) }
        let words = (HostileTests.values + APIFields.all.map { "\"\($0.split(separator: ".").last ?? "")\":" })
            .filter { $0.utf8.count < 200 }.map { Array($0.utf8) }
        for _ in 0..<2000 {
            var bytes = seeds[Int.random(in: 0..<seeds.count, using: &dice)]
            for _ in 0..<Int.random(in: 1...4, using: &dice) where !bytes.isEmpty {
                let place = Int.random(in: 0..<bytes.count, using: &dice)
                switch Int.random(in: 0..<6, using: &dice) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &dice)
                case 1: bytes.remove(at: place)
                case 2: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &dice)
                case 3:
                    let end = min(bytes.count, place + Int.random(in: 1...40, using: &dice))
                    bytes.removeSubrange(place..<end)
                case 4: bytes.insert(contentsOf: words[Int.random(in: 0..<words.count, using: &dice)], at: place)
                default:
                    let end = min(bytes.count, place + Int.random(in: 1...60, using: &dice))
                    bytes.insert(
                        contentsOf: Array(bytes[place..<end]), at: Int.random(in: 0...bytes.count, using: &dice))
                }
            }
            do throws(InvalidManifest) {
                use(try VMIManifest.parse(bytes))
            } catch {
                verify(error)
            }
        }
    }

    @Test("made of a good one by changing its values is read or refused, line by line", arguments: 0..<4)
    func structures(_ seed: UInt64) throws {
        var dice = Dice(seed: 0x5EED &+ seed)
        let roots = try [Manifests.full, MachineTests.machine].map { try JSONValue(parsing: Array($0.utf8)) }
        let values = try HostileTests.values.filter { $0.utf8.count < 200 }
            .map { try JSONValue(parsing: Array($0.utf8)) }
        var accepted = 0
        for _ in 0..<1000 {
            var root = roots[Int.random(in: 0..<roots.count, using: &dice)]
            for _ in 0..<Int.random(in: 1...3, using: &dice) {
                root = changed(root, values, &dice)
            }
            if check(root) { accepted += 1 }
        }
        // Some changes leave a manifest valid, most do not.
        #expect(accepted > 0 && accepted < 1000)
    }

    @Test("with a hundred thousand unknown fields has a hundred of them told and the rest counted")
    func manyKeys() throws {
        let members = (0..<100_000).map { "\"k\($0)\": 1" }.joined(separator: ", ")
        let problems = Manifests.problems(try Manifests.with("spec.domain", "{\(members)}"))
        #expect(problems.count == Report.mostProblems + 1)
        #expect(problems.first == "spec.domain.k0: unknown field; remove it")
    }

    @Test("with names that would write to a terminal is shown without them")
    func escapes() throws {
        var root = try JSONValue(parsing: Array(Manifests.full.utf8))
        root = Manifests.setting("spec", to: .object(["\u{1B}[2J\u{202E}\n": .integer(1)]), in: root)
        let problems = Manifests.problems(root)
        #expect(!problems.isEmpty)
        for scalar in problems.joined().unicodeScalars {
            #expect(!isUnprintable(scalar))
        }
    }

    private func changed(_ value: JSONValue, _ values: [JSONValue], _ dice: inout Dice) -> JSONValue {
        switch value {
        case .object(var object) where !object.isEmpty && Int.random(in: 0..<8, using: &dice) > 0:
            let key = object.keys[Int.random(in: 0..<object.count, using: &dice)]
            switch Int.random(in: 0..<12, using: &dice) {
            case 0: object[key] = nil
            case 1: object[key + "s"] = object[key]
            default: object[key] = changed(object[key] ?? .null, values, &dice)
            }
            return .object(object)
        case .array(var elements) where !elements.isEmpty && Int.random(in: 0..<8, using: &dice) > 0:
            let index = Int.random(in: 0..<elements.count, using: &dice)
            switch Int.random(in: 0..<6, using: &dice) {
            case 0: elements.append(elements[index])
            case 1: elements.swapAt(0, index)
            default: elements[index] = changed(elements[index], values, &dice)
            }
            return .array(elements)
        default:
            return values[Int.random(in: 0..<values.count, using: &dice)]
        }
    }

    @discardableResult
    private func check(_ value: JSONValue) -> Bool {
        do throws(InvalidManifest) {
            use(try VMIManifest.parse(value))
            return true
        } catch {
            verify(error)
            return false
        }
    }

    /// Reads everything that is computed from a manifest, and checks what its reader may rely on.
    private func use(_ manifest: VMIManifest) {
        let spec = manifest.instance.spec
        let domain = spec.domain
        #expect(domain.memory.guestBytes >= Support.leastMemory && domain.memory.guestBytes <= Support.mostMemory)
        #expect(domain.memory.guestBytes % (domain.memory.hugepageBytes ?? 4096) == 0)
        #expect((1...Support.mostVCPUs).contains(domain.cpu.vcpuCount))
        #expect(spec.attachedDisks.count == spec.volumes.count && spec.volumes.count == domain.devices.disks.count)
        #expect(spec.networks.count == domain.devices.interfaces.count)
        #expect(domain.devices.disks.allSatisfy { Support.diskBuses.contains($0.target.bus) })
        #expect(!manifest.instance.metadata.name.isEmpty && !manifest.instance.guestHostname.isEmpty)
        #expect(manifest.instance.firmwareUUID.bytes.count == 16)
        #expect(domain.firmware.kernelBoot?.container?.kernelPath?.hasPrefix("/") ?? false)
    }

    private func verify(_ error: InvalidManifest) {
        #expect(!error.problems.isEmpty && error.problems.count <= Report.mostProblems + 1)
        #expect(Set(error.problems.map(\.path)).count == error.problems.count)
        for problem in error.problems {
            let line = problem.description
            #expect(!line.unicodeScalars.contains(where: isUnprintable), "\(line)")
            #expect(line.utf8.count < 1500)
        }
    }
}
