// SPDX-License-Identifier: Apache-2.0

/// Why bytes are not a message that is served, and the status that says so.
public struct HTTPError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What a server answers with.
    public let status: HTTPStatus
    /// What is wrong and what would be right, in one line.
    public let description: String

    /// An error told in one line.
    public init(_ status: HTTPStatus, _ description: String) {
        self.status = status
        self.description = description
    }
}
