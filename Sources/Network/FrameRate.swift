// SPDX-License-Identifier: Apache-2.0

/// How fast frames may flow in one direction: a rate and a burst for bytes and for frames, each optional.
public struct FrameRate: Equatable, Sendable {
    /// A rate and what may go beyond it at once.
    public struct Bucket: Equatable, Sendable {
        /// Units a second, at least 1.
        public var perSecond: UInt64
        /// Units that may go at once after a pause.
        public var burst: UInt64

        /// A bucket; without a burst it holds a tenth of a second.
        public init(perSecond: UInt64, burst: UInt64? = nil) {
            self.perSecond = max(perSecond, 1)
            self.burst = max(burst ?? self.perSecond / 10, 1)
        }
    }

    /// Bytes of frames, without virtio's header.
    public var bytes: Bucket?
    /// Frames.
    public var frames: Bucket?

    /// A limit; none unless told otherwise.
    public init(bytes: Bucket? = nil, frames: Bucket? = nil) {
        self.bytes = bytes
        self.frames = frames
    }
}
