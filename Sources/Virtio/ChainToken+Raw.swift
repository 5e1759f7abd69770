// SPDX-License-Identifier: Apache-2.0

extension ChainToken {
    /// The token as it travels with the state of a device that keeps a request.
    public var rawValue: UInt64 { UInt64(head) | UInt64(entries) << 16 }

    /// The token that travelled. What it says is a driver's to suffer: it names entries of that driver's own ring only.
    public init(rawValue: UInt64) {
        self.init(head: UInt16(truncatingIfNeeded: rawValue), entries: UInt16(truncatingIfNeeded: rawValue >> 16))
    }
}
