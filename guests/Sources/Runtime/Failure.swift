// SPDX-License-Identifier: Apache-2.0

/// Why a payload ends with `done fail`: a fixed sentence and up to two figures.
public struct Failure: Error {
    /// What went wrong, in words joined by dashes so that it stays one word on the line.
    public let reason: StaticString
    /// What was seen.
    public let seen: UInt64
    /// What was wanted.
    public let wanted: UInt64

    /// A failure with the figures that show it.
    public init(_ reason: StaticString, seen: UInt64 = 0, wanted: UInt64 = 0) {
        self.reason = reason
        self.seen = seen
        self.wanted = wanted
    }
}
