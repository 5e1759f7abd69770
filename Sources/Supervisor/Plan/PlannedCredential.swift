// SPDX-License-Identifier: Apache-2.0

import Glibc
public import GuestAgent

/// A credential that the guest's agent is to keep in the guest, and what in the manifest asks for it.
public struct PlannedCredential: Equatable, Sendable {
    /// The credential and its directory.
    public var credential: AgentCredential
    /// The name of its Secret.
    public var secret: String
    /// The path of the manifest's field that asks for it.
    public var field: String

    /// A credential to keep.
    public init(_ credential: AgentCredential, secret: String, field: String) {
        self.credential = credential
        self.secret = secret
        self.field = field
    }

    /// Looks whether its directory is there.
    /// - Throws: `SupervisorError` that names the field and the remedy.
    func check() throws(SupervisorError) {
        guard let directory = opendir(credential.directory) else {
            throw SupervisorError(
                field,
                "secret \"\(secret)\" has no directory that can be read (\(credential.directory)); "
                    + "pass --secret \(secret)=DIR")
        }
        closedir(directory)
    }
}
