// SPDX-License-Identifier: Apache-2.0

/// What the control groups of this process, versions 2 and 1, allow it.
enum ControlGroupCheck {
    static func findings(root: String) -> [Finding] {
        [
            Finding("Memory limit", .ok, memory(root: root)),
            Finding("CPU limit", .ok, cpu(root: root)),
        ]
    }

    private static func memory(root: String) -> String {
        let limits =
            values("memory.max", of: "", root: root) + values("memory.limit_in_bytes", of: "memory", root: root)
        // Version 1 writes "no limit" as a number close to 2^63.
        let lowest = limits.compactMap { UInt64($0) }.filter { $0 < 1 << 62 }.min()
        return lowest.map { "\($0 >> 20) MiB by control group" } ?? "none"
    }

    private static func cpu(root: String) -> String {
        var lowest: Double?
        for text in values("cpu.max", of: "", root: root) {
            let words = text.split(separator: " ")
            if words.count == 2, let quota = Double(words[0]), let period = Double(words[1]), period > 0 {
                lowest = min(lowest ?? .infinity, quota / period)
            }
        }
        let quotas = values("cpu.cfs_quota_us", of: "cpu", root: root)
        let periods = values("cpu.cfs_period_us", of: "cpu", root: root)
        for (quota, period) in zip(quotas, periods) {
            if let quota = Double(quota), let period = Double(period), quota > 0, period > 0 {
                lowest = min(lowest ?? .infinity, quota / period)
            }
        }
        return lowest.map { "\(($0 * 100).rounded() / 100) CPUs by control group" } ?? "none"
    }

    /// A file's text in this process's control group and in each above it; `controller` is empty for version 2.
    private static func values(_ file: String, of controller: String, root: String) -> [String] {
        guard let text = HostFile.text("\(root)/proc/self/cgroup") else { return [] }
        var values: [String] = []
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { continue }
            let isOurs =
                controller.isEmpty
                ? fields[1].isEmpty : fields[1].split(separator: ",").contains { $0 == controller }
            guard isOurs else { continue }
            let base = "\(root)/sys/fs/cgroup" + (controller.isEmpty ? "" : "/\(fields[1])")
            var parts = fields[2].split(separator: "/").map(String.init)
            while true {
                let folder = ([base] + parts).joined(separator: "/")
                if let value = HostFile.text("\(folder)/\(file)") { values.append(value) }
                if parts.isEmpty { break }
                parts.removeLast()
            }
        }
        return values
    }
}
