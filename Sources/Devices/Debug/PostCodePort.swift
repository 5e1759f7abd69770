// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// The diagnostics port 0x80: firmware shows its progress there, kernels write to it to pass a microsecond.
public final class PostCodePort: ByteRegisters {
    /// Where a PC has it.
    public static let port: UInt64 = 0x80

    private let last = Atomic<UInt8>(0)

    /// A port that has seen no code yet.
    public init() {}

    /// The code the guest wrote last.
    public var code: UInt8 {
        get { last.load(ordering: .relaxed) }
        set { last.store(newValue, ordering: .relaxed) }
    }

    /// Reads back the last code, as the latch of a diagnostics card does.
    public func read(byte offset: UInt64) -> UInt8 { code }

    /// Keeps the code.
    public func write(byte offset: UInt64, value: UInt8) { last.store(value, ordering: .relaxed) }
}
