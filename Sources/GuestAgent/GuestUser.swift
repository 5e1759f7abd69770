// SPDX-License-Identifier: Apache-2.0

import VMISpec

/// Somebody who is logged in, as `guest-get-users` says it.
public struct GuestUser: Equatable, Sendable {
    /// The name.
    public var name: String
    /// The Windows domain; nil elsewhere.
    public var domain: String?
    /// Seconds since 1970 of the earliest login that is still there.
    public var loginTime: Double

    static let most = 128

    init?(_ answer: JSONValue) {
        guard let name = answer.text("user") else { return nil }
        self.name = name
        domain = answer.text("domain")
        loginTime = answer["login-time"]?.doubleValue ?? 0
    }
}
