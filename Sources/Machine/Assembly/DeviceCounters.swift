// SPDX-License-Identifier: Apache-2.0

internal import Control
internal import Devices

extension BlockMetrics.Snapshot {
    /// The numbers with the names that statistics give them.
    var counters: [Control.Counter] {
        [
            Control.Counter(name: "reads", value: reads), Control.Counter(name: "writes", value: writes),
            Control.Counter(name: "bytesRead", value: bytesRead),
            Control.Counter(name: "bytesWritten", value: bytesWritten),
            Control.Counter(name: "flushes", value: flushes), Control.Counter(name: "discards", value: discards),
            Control.Counter(name: "zeroings", value: zeroings), Control.Counter(name: "failures", value: failures),
            Control.Counter(name: "refusals", value: refusals), Control.Counter(name: "malformed", value: malformed),
        ]
    }
}

extension NetMetrics.Snapshot {
    /// The numbers with the names that statistics give them.
    var counters: [Control.Counter] {
        [
            Control.Counter(name: "framesReceived", value: framesReceived),
            Control.Counter(name: "bytesReceived", value: bytesReceived),
            Control.Counter(name: "framesSent", value: framesSent),
            Control.Counter(name: "bytesSent", value: bytesSent),
            Control.Counter(name: "receiveDrops", value: receiveDrops),
            Control.Counter(name: "receiveFailures", value: receiveFailures),
            Control.Counter(name: "malformedFrames", value: malformedFrames),
            Control.Counter(name: "sendDrops", value: sendDrops), Control.Counter(name: "malformed", value: malformed),
        ]
    }

    /// The numbers of the two queues of pair `index`, each with its queue's name before it.
    func counters(ofPair index: Int) -> [Control.Counter] {
        let receive: KeyValuePairs = [
            "packets": framesReceived, "bytes": bytesReceived, "drops": receiveDrops, "errors": receiveFailures,
            "kicks": receiveKicks, "interrupts": receiveInterrupts,
        ]
        let send: KeyValuePairs = [
            "packets": framesSent, "bytes": bytesSent, "drops": sendDrops, "errors": malformedFrames,
            "kicks": sendKicks, "interrupts": sendInterrupts,
        ]
        return receive.map { Control.Counter(name: "rx\(index).\($0.key)", value: $0.value) }
            + send.map { Control.Counter(name: "tx\(index).\($0.key)", value: $0.value) }
    }
}

extension NetMetrics {
    /// A card's numbers: the sums over its pairs, then each queue's own.
    static func counters(ofPairs pairs: [Snapshot]) -> [Control.Counter] {
        guard let first = pairs.first else { return [] }
        let queues = pairs.enumerated().flatMap { $1.counters(ofPair: $0) }
        return pairs.dropFirst().reduce(first, +).counters + queues
    }
}

extension Console {
    /// What each port has carried, by its name.
    var counters: [Control.Counter] {
        ports.flatMap { port in
            let counted = port.metrics.snapshot
            return [
                Control.Counter(name: "\(port.name).bytesIn", value: counted.bytesIn),
                Control.Counter(name: "\(port.name).bytesOut", value: counted.bytesOut),
                Control.Counter(name: "\(port.name).bytesDropped", value: counted.bytesDropped),
                Control.Counter(name: "\(port.name).connections", value: counted.connections),
            ]
        }
    }
}

extension Balloon {
    /// How far the balloon has come, in bytes, and what the guest says of its memory, as far as it does.
    var counters: [Control.Counter] {
        let counted = metrics.snapshot, told = statistics
        let tags: KeyValuePairs<String, BalloonStatistics.Tag> = [
            "guestSwapInBytes": .swapIn, "guestSwapOutBytes": .swapOut, "guestMajorFaults": .majorFaults,
            "guestMinorFaults": .minorFaults, "guestFreeBytes": .free, "guestTotalBytes": .total,
            "guestAvailableBytes": .available, "guestCacheBytes": .caches, "guestHugePages": .hugePages,
            "guestHugePageFailures": .hugePageFailures,
        ]
        return [
            Control.Counter(name: "wantedBytes", value: UInt64(wantedPages) << 12),
            Control.Counter(name: "actualBytes", value: UInt64(actualPages) << 12),
            Control.Counter(name: "inflatedPages", value: counted.inflated),
            Control.Counter(name: "deflatedPages", value: counted.deflated),
            Control.Counter(name: "reportedBytes", value: counted.reportedBytes),
            Control.Counter(name: "discardedBytes", value: counted.discardedBytes),
            Control.Counter(name: "refusals", value: counted.refusals),
            Control.Counter(name: "statistics", value: counted.statistics),
        ] + tags.compactMap { name, tag in told[tag].map { Control.Counter(name: name, value: $0) } }
    }
}
