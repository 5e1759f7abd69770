// SPDX-License-Identifier: Apache-2.0

/// Keys or passwords that are kept in the guest as a directory on the host has them.
public struct AgentCredential: Equatable, Sendable {
    /// What the directory holds.
    public enum Kind: Equatable, Sendable {
        /// Public keys, one a line of any of its files: together all by which these users may log in.
        case authorizedKeys(users: [String])
        /// Passwords: each file is named after a user.
        case passwords
    }

    /// What it is.
    public var kind: Kind
    /// The directory, such as a mounted Secret.
    public var directory: String

    /// A credential.
    public init(_ kind: Kind, directory: String) {
        self.kind = kind
        self.directory = directory
    }
}

/// How credentials stand with the guest.
public enum CredentialStatus: Equatable, Sendable {
    /// The guest has them.
    case synchronized
    /// It does not, for a reason told in one line.
    case failed(String)
}

/// What was put into the guest last.
struct AppliedCredentials: Equatable {
    var keys: [String: [String]] = [:]
    var passwords: [String: [UInt8]] = [:]
}
