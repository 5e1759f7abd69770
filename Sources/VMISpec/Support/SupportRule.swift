// SPDX-License-Identifier: Apache-2.0

/// What this version does with a field of the API that it does not simply carry out.
enum SupportRule: Equatable {
    /// Refused if it asks for anything; the text says why and what works instead.
    case refused(String)
    /// Refused unless it has one of these values; the text says why and what works instead.
    case only([JSONValue], String)
    /// Accepted without effect and noted; the text says why that is right.
    case ignored(String)
}
