// SPDX-License-Identifier: Apache-2.0

/// A path that leads to no field.
public struct UnknownField: Error, Hashable, Sendable, CustomStringConvertible {
    /// One line with the nearest field there is.
    public let description: String

    init(_ path: String, nearest: String?) {
        description =
            "\(printable(path)) is no field"
            + (nearest.map { "; did you mean \($0)?" } ?? "; begin with spec, as in spec.domain.cpu")
    }
}
