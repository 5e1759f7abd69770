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
}
