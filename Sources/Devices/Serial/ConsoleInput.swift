// SPDX-License-Identifier: Apache-2.0

/// What takes the input of a console; one thread feeds it.
public protocol ConsoleInput: AnyObject, Sendable {
    /// Number of bytes it takes now. After a zero the sink's `inputHasRoom` is called once there is room.
    func room() -> Int
    /// Hands bytes over and says how many of them were taken.
    func receive(_ bytes: Span<UInt8>) -> Int
}
