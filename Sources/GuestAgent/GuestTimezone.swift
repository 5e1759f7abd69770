// SPDX-License-Identifier: Apache-2.0

import VMISpec

/// The guest's time zone, as `guest-get-timezone` says it.
public struct GuestTimezone: Equatable, Sendable {
    /// Such as "CEST"; empty where the agent does not know.
    public var zone: String
    /// Seconds east of UTC.
    public var offset: Int32

    init?(_ answer: JSONValue) {
        guard let offset = answer["offset"]?.integerValue else { return nil }
        self.offset = Int32(clamping: offset)
        zone = answer.text("zone") ?? ""
    }
}
