// SPDX-License-Identifier: Apache-2.0

import Control

/// All metrics of one instance at one moment, in the order they are written.
struct MetricsPage {
    private let labels: MetricLabels
    private(set) var families: [MetricFamily] = []

    init(_ labels: MetricLabels) { self.labels = labels }

    /// The page in the Prometheus text format.
    var text: String { families.map(\.text).joined() }

    /// Adds a metric with one sample; nil adds none.
    mutating func add(_ name: String, _ kind: MetricFamily.Kind, _ value: UInt64?, _ help: String) {
        guard let value else { return }
        var family = MetricFamily(name, kind, help)
        family.add(value, labels)
        families.append(family)
    }

    /// Adds a metric of seconds with one sample, given in nanoseconds; nil adds none.
    mutating func add(_ name: String, nanoseconds: UInt64?, _ help: String) {
        guard let nanoseconds else { return }
        var family = MetricFamily(name, .counter, help)
        family.add(nanoseconds: nanoseconds, labels)
        families.append(family)
    }

    /// Adds a metric with as many samples as `fill` adds.
    mutating func add(
        _ name: String, _ kind: MetricFamily.Kind, _ help: String,
        _ fill: (inout MetricFamily, MetricLabels) -> Void
    ) {
        var family = MetricFamily(name, kind, help)
        fill(&family, labels)
        families.append(family)
    }
}
