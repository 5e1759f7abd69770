// SPDX-License-Identifier: Apache-2.0

import Testing

extension Integration {
    @Suite("A payload runs to its end")
    struct Runs {
        @Test("port and memory exits are answered, each of them")
        func exits() throws {
            let launcher = try Payload.run("exits", "count=2000 mmio=0xc0000000")
            for kind in ["pio_write", "pio_read", "mmio_write", "mmio_read"] {
                #expect(launcher.results(kind).count == 1)
            }
        }

        @Test(
            "timers tick on every vCPU, and vCPUs interrupt each other",
            arguments: [
                (1, "seconds=1"), (2, "ticks=100"), (2, "ticks=50 apic=x2apic"), (2, "ticks=50 timer=periodic"),
                (4, "ticks=50"),
            ])
        func counter(cpus: Int, words: String) throws {
            let launcher = try Payload.run("counter", words, cpus: "\(cpus)")
            #expect(launcher.console.contains("result cpus_online=\(cpus) "))
            #expect(launcher.results("ipi_round_trip").count == cpus - 1)
            #expect(launcher.results("halt_wake").count == 1)
            let last = try #require(launcher.results("ticks").last)
            let ticks = try #require(last.components(separatedBy: "ticks=").last).split(separator: ",").map { Int($0) }
            #expect(ticks.count == cpus)
            #expect(ticks.allSatisfy { ($0 ?? 0) > 0 }, "\(last)")
        }

        @Test(
            "memory is all there, below and above the hole, and nowhere else",
            arguments: [
                ("16M", 16 << 20), ("128M", 128 << 20), ("2G", 2 << 30), ("2097156K", 2 << 30 + 4096),
                ("3G", 3 << 30), ("6G", 6 << 30),
            ])
        func memory(size: String, bytes: Int) throws {
            let launcher = try Payload.run("memory", "mode=map", memory: size)
            // A PC's map leaves out the 384 KiB below 1 MiB and the firmware's few pages.
            let line = try #require(launcher.results("ram").first)
            let words = line.split(separator: " ").compactMap { $0.split(separator: "=").last }
            let seen = try #require(words.count > 2 ? Int(words[2]) : nil, "\(line)")
            #expect(seen <= bytes && seen >= bytes - (1 << 20), "\(line)")
            let reachesAbove = launcher.results("range").contains { $0.contains("start=0x100000000 ") }
            #expect(reachesAbove == (bytes > 2 << 30))
            #expect(launcher.results("hole").count >= 1)
        }

        @Test(
            "a reset starts the guest anew in the same process, with its memory cleared",
            arguments: [
                "mode=reset", "mode=reset by=keyboard", "mode=triplefault", "mode=reset resets=5",
                "mode=triplefault resets=5",
            ])
        func reset(words: String) throws {
            let launcher = try Payload.run("memory", words, cpus: "2")
            let resets = words.contains("resets=5") ? 5 : 1
            #expect(launcher.occurrences(of: "memory cleared") == resets)
            #expect(launcher.occurrences(of: "apus-guest memory ready") == resets + 1)
        }

        @Test("a reset clears memory above 4 GiB as well")
        func resetLarge() throws {
            let launcher = try Payload.run("memory", "mode=reset resets=2", memory: "5G")
            #expect(launcher.occurrences(of: "memory cleared") == 2)
        }
    }
}
