// SPDX-License-Identifier: Apache-2.0

import Glibc

/// How much a process or thread ran and waited, from /proc (proc(5)).
enum ProcessTimes {
    /// User and system time of a process in nanoseconds, by the kernel's clock ticks.
    static func process(_ id: Int32) -> (user: UInt64, system: UInt64)? {
        guard let fields = statFields("/proc/\(id)/stat"), fields.count > 12, let user = UInt64(fields[11]),
            let system = UInt64(fields[12])
        else { return nil }
        let tick = 1_000_000_000 / UInt64(max(sysconf(Int32(_SC_CLK_TCK)), 1))
        return (user &* tick, system &* tick)
    }

    /// What a thread is doing, and the nanoseconds that it ran and that it was ready to and did not.
    static func thread(_ thread: Int32, of process: Int32) -> (isRunning: Bool, ran: UInt64, delayed: UInt64)? {
        let folder = "/proc/\(process)/task/\(thread)"
        guard let state = statFields("\(folder)/stat")?.first, let text = KernelFile.text("\(folder)/schedstat")
        else { return nil }
        let numbers = text.split(separator: " ").compactMap { UInt64($0) }
        guard numbers.count >= 2 else { return nil }
        return (state == "R", numbers[0], numbers[1])
    }

    /// Nanoseconds that a thread waited for input and output, where the kernel counts them.
    static func waited(_ thread: Int32, of process: Int32) -> UInt64? {
        guard let text = KernelFile.text("/proc/\(process)/task/\(thread)/sched") else { return nil }
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count == 3, words[0].hasSuffix("iowait_sum") else { continue }
            // Milliseconds with six decimals.
            let parts = words[2].split(separator: ".")
            guard let whole = UInt64(parts[0]) else { return nil }
            return whole &* 1_000_000 &+ (parts.count == 2 ? UInt64(parts[1]) ?? 0 : 0)
        }
        return nil
    }

    /// Bytes of a process that are in memory.
    static func resident(_ id: Int32) -> UInt64? {
        guard let text = KernelFile.text("/proc/\(id)/statm") else { return nil }
        let words = text.split(separator: " ")
        guard words.count > 1, let pages = UInt64(words[1]) else { return nil }
        return pages &* UInt64(max(sysconf(Int32(_SC_PAGESIZE)), 1))
    }

    /// The fields of a stat file from the state on; what stands before it is in parentheses and free text.
    private static func statFields(_ path: String) -> [Substring]? {
        guard let text = KernelFile.text(path), let end = text.lastIndex(of: ")") else { return nil }
        return text[text.index(after: end)...].split(separator: " ")
    }
}
