// SPDX-License-Identifier: Apache-2.0

import VMISpec

/// What a probe's answers amount to, counted as the kubelet counts them (pkg/kubelet/prober/worker.go).
struct ProbeState: Equatable {
    private let successThreshold: Int32
    private let failureThreshold: Int32
    /// The verdict; it changes once enough answers of the other kind came in a row.
    private(set) var isGood: Bool
    private var lastWasGood: Bool?
    private var run: Int32 = 0

    /// A probe's state before its first answer: not ready, or alive.
    init(_ spec: ProbeSpec, isGood: Bool) {
        successThreshold = spec.successThreshold
        failureThreshold = spec.failureThreshold
        self.isGood = isGood
    }

    /// Takes an answer; returns whether the verdict changed.
    mutating func take(_ good: Bool) -> Bool {
        run = lastWasGood == good ? min(run, .max - 1) + 1 : 1
        lastWasGood = good
        guard good != isGood, run >= (good ? successThreshold : failureThreshold) else { return false }
        isGood = good
        return true
    }
}
