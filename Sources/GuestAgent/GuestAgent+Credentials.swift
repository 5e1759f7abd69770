// SPDX-License-Identifier: Apache-2.0

import Linux

extension GuestAgent {
    /// How often the directories are read, and how often what they hold is put into the guest without a change.
    private static let checkInterval = 15 * second
    private static let forceInterval = 300 * second

    /// Reads the directories and puts what has changed into the guest.
    func checkCredentials(_ now: UInt64) {
        credentialsDue = now &+ Self.checkInterval
        let wanted: AppliedCredentials
        do throws(AgentError) { wanted = try CredentialFiles.load(credentials) } catch {
            if case .refused(_, let reason) = error { noteCredentials(.failed(reason)) }
            return
        }
        guard wanted != applied || now >= credentialsForced else { return }
        applied = wanted
        credentialsForced = now &+ Self.forceInterval
        var left = wanted.keys.count + wanted.passwords.count
        var problem: AgentError?
        let done: (Result<Void, AgentError>) -> Void = { [weak self] result in
            left -= 1
            if case .failure(let error) = result { problem = problem ?? error }
            guard left == 0, let self else { return }
            // What did not arrive is tried again at the next look.
            if problem != nil { applied = nil }
            noteCredentials(problem.map { .failed("\($0)") } ?? .synchronized)
        }
        for (user, keys) in wanted.keys.sorted(by: { $0.key < $1.key }) {
            setAuthorizedKeys(keys, of: user, completion: done)
        }
        for (user, password) in wanted.passwords.sorted(by: { $0.key < $1.key }) {
            setPassword(password, of: user, completion: done)
        }
        if left == 0 { noteCredentials(.synchronized) }
    }

    private func noteCredentials(_ status: CredentialStatus) {
        guard credentialStatus != status else { return }
        credentialStatus = status
        onChange()
    }
}
