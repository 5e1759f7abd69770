// SPDX-License-Identifier: Apache-2.0

/// A field of the API that is accepted without effect, and why that is right.
public struct IgnoredField: Hashable, Sendable {
    /// The field's schema path, as `spec.nodeSelector`.
    public let path: String

    /// Why it has no effect.
    public let reason: String
}
