// SPDX-License-Identifier: Apache-2.0

/// How much of one message is read; what exceeds it is refused, not cut.
public struct HTTPLimits: Sendable {
    /// The greatest size of a head, request line or status line included, in bytes.
    public var headBytes: Int
    /// The most header fields.
    public var fields: Int
    /// The greatest size of a body, in bytes.
    public var bodyBytes: Int

    /// Limits of one's own.
    public init(headBytes: Int, fields: Int, bodyBytes: Int) {
        self.headBytes = headBytes
        self.fields = fields
        self.bodyBytes = bodyBytes
    }

    /// Limits for requests: far more than any client of ours sends.
    public static let request = HTTPLimits(headBytes: 8192, fields: 64, bodyBytes: 65_536)
    /// Limits for the responses of a supervisor: a manifest of 3 MiB, indented, fits.
    public static let response = HTTPLimits(headBytes: 8192, fields: 64, bodyBytes: 32 << 20)
}
