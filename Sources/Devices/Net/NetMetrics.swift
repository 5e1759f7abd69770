// SPDX-License-Identifier: Apache-2.0

/// What a pair of a network card's queues has done since it was made; raised by its worker, read by anyone. Directions
/// are the guest's. Where the kernel's vhost serves the pair nothing is counted here: it keeps no such numbers.
public final class NetMetrics: Sendable {
    let framesReceived = Counter()
    let bytesReceived = Counter()
    let framesSent = Counter()
    let bytesSent = Counter()
    let receiveDrops = Counter()
    let receiveFailures = Counter()
    let malformedFrames = Counter()
    let sendDrops = Counter()
    let malformed = Counter()
    let receiveKicks = Counter()
    let receiveInterrupts = Counter()
    let sendKicks = Counter()
    let sendInterrupts = Counter()

    /// The numbers at one moment, each exact by itself.
    public struct Snapshot: Equatable, Sendable {
        /// Frames the guest was given.
        public let framesReceived: UInt64
        /// Bytes of those frames, without virtio's header.
        public let bytesReceived: UInt64
        /// Frames the guest sent that the port took.
        public let framesSent: UInt64
        /// Bytes of those frames, without virtio's header.
        public let bytesSent: UInt64
        /// Frames that fit no buffer the guest had offered.
        public let receiveDrops: UInt64
        /// Errors of the port while reading.
        public let receiveFailures: UInt64
        /// Frames of the guest that were too short, too long, or asked for what was not negotiated; not sent.
        public let malformedFrames: UInt64
        /// Frames of the guest that the port refused.
        public let sendDrops: UInt64
        /// Receive chains without a byte to fill, and queues given up.
        public let malformed: UInt64
        /// Times the receive queue was looked at because the driver kicked it.
        public let receiveKicks: UInt64
        /// Interrupts for received frames.
        public let receiveInterrupts: UInt64
        /// Times the transmit queue was looked at because the driver kicked it.
        public let sendKicks: UInt64
        /// Interrupts for frames sent.
        public let sendInterrupts: UInt64
    }

    /// The numbers now.
    public var snapshot: Snapshot {
        Snapshot(
            framesReceived: framesReceived.value, bytesReceived: bytesReceived.value, framesSent: framesSent.value,
            bytesSent: bytesSent.value, receiveDrops: receiveDrops.value, receiveFailures: receiveFailures.value,
            malformedFrames: malformedFrames.value, sendDrops: sendDrops.value, malformed: malformed.value,
            receiveKicks: receiveKicks.value, receiveInterrupts: receiveInterrupts.value, sendKicks: sendKicks.value,
            sendInterrupts: sendInterrupts.value)
    }
}
