// SPDX-License-Identifier: Apache-2.0

/// All samples of one metric, as the Prometheus text format writes them (exposition format 0.0.4).
struct MetricFamily {
    /// What kind of number it is.
    enum Kind: String { case counter, gauge, histogram }

    let name: String
    let help: String
    let kind: Kind
    private(set) var lines: [String] = []

    init(_ name: String, _ kind: Kind, _ help: String) {
        self.name = name
        self.kind = kind
        self.help = help
    }

    /// Adds a whole number.
    mutating func add(_ value: UInt64, _ labels: MetricLabels) { lines.append("\(name)\(labels) \(value)") }

    /// Adds a number of seconds that is given in nanoseconds.
    mutating func add(nanoseconds: UInt64, _ labels: MetricLabels) {
        lines.append("\(name)\(labels) \(Self.seconds(nanoseconds))")
    }

    /// Adds a histogram of latencies.
    /// - Parameters:
    ///   - buckets: how many there were below each bound, in nanoseconds, and not below the bound before it; in rising
    ///     order.
    ///   - beyond: how many there were at or above the last bound.
    ///   - sum: all of them together, in nanoseconds.
    mutating func add(
        _ buckets: [(bound: UInt64, count: UInt64)], beyond: UInt64, sum: UInt64, _ labels: MetricLabels
    ) {
        var total: UInt64 = 0
        for bucket in buckets {
            total &+= bucket.count
            lines.append("\(name)_bucket\(labels.with("le", Self.seconds(bucket.bound))) \(total)")
        }
        total &+= beyond
        lines.append("\(name)_bucket\(labels.with("le", "+Inf")) \(total)")
        lines.append("\(name)_sum\(labels) \(Self.seconds(sum))")
        lines.append("\(name)_count\(labels) \(total)")
    }

    /// The family with its head; nothing when it has no samples.
    var text: String {
        guard !lines.isEmpty else { return "" }
        return "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n" + lines.joined(separator: "\n") + "\n"
    }

    /// Nanoseconds as seconds, exactly.
    static func seconds(_ nanoseconds: UInt64) -> String {
        let fraction = nanoseconds % 1_000_000_000
        guard fraction > 0 else { return "\(nanoseconds / 1_000_000_000)" }
        var digits = String(fraction)
        digits = String(repeating: "0", count: 9 - digits.count) + digits
        while digits.hasSuffix("0") { digits.removeLast() }
        return "\(nanoseconds / 1_000_000_000).\(digits)"
    }
}
