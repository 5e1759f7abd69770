// SPDX-License-Identifier: Apache-2.0

public import Linux
import Synchronization

/// Keeps frames to a `FrameRate`: token buckets that several queues share without a lock.
///
/// A frame goes when the buckets are not empty and is paid for afterwards, when its length is known: a bucket may go
/// below zero by one frame a queue, and the next frame waits for that much longer, so the rate holds exactly.
public final class FrameThrottle: Sendable {
    private let bytes: TokenBucket?
    private let frames: TokenBucket?
    private let epoch: UInt64

    /// Full buckets.
    /// - Parameter now: on the clock that `delay` and `charge` are asked with, in nanoseconds.
    public init(_ rate: FrameRate, now: UInt64 = Clock.monotonic) {
        epoch = now
        bytes = rate.bytes.map { TokenBucket($0) }
        frames = rate.frames.map { TokenBucket($0) }
    }

    /// Nanoseconds until the next frame may go; 0 when it may go now.
    public func delay(now: UInt64) -> UInt64 {
        let time = now &- epoch
        var longest: UInt64 = 0
        switch bytes {
        case .some(let bucket): longest = bucket.delay(at: time)
        case .none: break
        }
        switch frames {
        case .some(let bucket): longest = max(longest, bucket.delay(at: time))
        case .none: break
        }
        return longest
    }

    /// Pays for a frame that went.
    public func charge(bytes count: Int, now: UInt64) {
        let time = now &- epoch
        switch bytes {
        case .some(let bucket): bucket.charge(count, at: time)
        case .none: break
        }
        switch frames {
        case .some(let bucket): bucket.charge(1, at: time)
        case .none: break
        }
    }
}
