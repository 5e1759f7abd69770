// SPDX-License-Identifier: Apache-2.0

import VMISpec

/// How many of the guest's tasks were runnable on average, as `guest-get-load` says it.
public struct GuestLoad: Equatable, Sendable {
    /// Over the last minute.
    public var oneMinute: Double
    /// Over the last five.
    public var fiveMinutes: Double
    /// Over the last fifteen.
    public var fifteenMinutes: Double

    init?(_ answer: JSONValue) {
        guard let one = answer["load1m"]?.doubleValue, let five = answer["load5m"]?.doubleValue,
            let fifteen = answer["load15m"]?.doubleValue
        else { return nil }
        oneMinute = one
        fiveMinutes = five
        fifteenMinutes = fifteen
    }
}
