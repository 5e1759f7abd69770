// SPDX-License-Identifier: Apache-2.0

extension NetMetrics.Snapshot {
    /// Both together, number by number.
    public static func + (a: Self, b: Self) -> Self {
        Self(
            framesReceived: a.framesReceived &+ b.framesReceived, bytesReceived: a.bytesReceived &+ b.bytesReceived,
            framesSent: a.framesSent &+ b.framesSent, bytesSent: a.bytesSent &+ b.bytesSent,
            receiveDrops: a.receiveDrops &+ b.receiveDrops, receiveFailures: a.receiveFailures &+ b.receiveFailures,
            malformedFrames: a.malformedFrames &+ b.malformedFrames, sendDrops: a.sendDrops &+ b.sendDrops,
            malformed: a.malformed &+ b.malformed, receiveKicks: a.receiveKicks &+ b.receiveKicks,
            receiveInterrupts: a.receiveInterrupts &+ b.receiveInterrupts, sendKicks: a.sendKicks &+ b.sendKicks,
            sendInterrupts: a.sendInterrupts &+ b.sendInterrupts)
    }
}
