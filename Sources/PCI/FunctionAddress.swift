// SPDX-License-Identifier: Apache-2.0

/// Where a function sits on bus 0.
public struct FunctionAddress: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Device number, 0 to 31.
    public let device: Int
    /// Function number, 0 to 7.
    public let function: Int

    /// An address; nil when a number is out of range.
    public init?(device: Int, function: Int = 0) {
        guard (0..<32).contains(device), (0..<8).contains(function) else { return nil }
        self.device = device
        self.function = function
    }

    init(index: Int) {
        device = index >> 3 & 31
        function = index & 7
    }

    /// 00:00.0, where the host bridge sits.
    public static let hostBridge = FunctionAddress(index: 0)
    /// 00:1f.0, where the LPC bridge sits.
    public static let lpcBridge = FunctionAddress(index: 0x1F << 3)
    /// 00:01.0 to 00:1e.0: free for devices.
    public static let devices: [FunctionAddress] = (1...0x1E).map { FunctionAddress(index: $0 << 3) }

    /// Device and function as one number, as in a routing ID.
    var index: Int { device << 3 | function }

    /// Lower device numbers come first.
    public static func < (a: FunctionAddress, b: FunctionAddress) -> Bool { a.index < b.index }

    /// Such as "00:1f.0".
    public var description: String {
        "00:" + (device < 16 ? "0" : "") + String(device, radix: 16) + ".\(function)"
    }
}
