// SPDX-License-Identifier: Apache-2.0

import Linux
import VMISpec

extension GuestAgent {
    /// Whether the agent carries a command out; true as long as it has not said what it can.
    public func carriesOut(_ command: String) -> Bool {
        information.commands.isEmpty || information.commands.contains(command)
    }

    /// Asks whether the agent answers.
    public func ping(
        patience: UInt64 = 5_000_000_000, completion: @escaping (Result<Void, AgentError>) -> Void
    ) {
        call("guest-ping", patience: patience) { completion($0.map { _ in }) }
    }

    /// Freezes the guest's file systems; the completion gets how many there are.
    /// - Parameter thawAfter: nanoseconds after which they are thawed in any case; 0 for never.
    public func freeze(
        thawAfter: UInt64 = 300_000_000_000, completion: @escaping (Result<Int64, AgentError>) -> Void
    ) {
        call("guest-fsfreeze-freeze", patience: AgentCall.longPatience) { [weak self] result in
            switch result {
            case .success(let answer):
                self?.noteFreeze(.frozen, thawAfter: thawAfter)
                completion(.success(answer.integerValue ?? 0))
            case .failure(let error):
                // It may have come about all the same.
                if case .timedOut = error { self?.noteFreeze(nil, thawAfter: thawAfter) }
                completion(.failure(error))
            }
        }
    }

    /// Thaws the guest's file systems; the completion gets how many there are.
    public func thaw(completion: @escaping (Result<Int64, AgentError>) -> Void) {
        call("guest-fsfreeze-thaw", patience: AgentCall.longPatience) { [weak self] result in
            if case .success = result { self?.noteFreeze(.thawed, thawAfter: 0) }
            completion(result.map { $0.integerValue ?? 0 })
        }
    }

    private func noteFreeze(_ freeze: AgentInformation.Freeze?, thawAfter: UInt64) {
        thawDue = thawAfter == 0 ? nil : clock() &+ thawAfter
        guard let freeze, information.freeze != freeze else { return }
        information.freeze = freeze
        onChange()
    }

    /// Sets the guest's clock to the host's.
    public func setTime(completion: @escaping (Result<Void, AgentError>) -> Void) {
        call(
            "guest-set-time",
            arguments: {
                var arguments = JSONObject()
                arguments["time"] = .integer(Int64(clamping: Clock.realtime))
                return arguments
            }
        ) { completion($0.map { _ in }) }
    }

    /// How the guest goes down.
    public enum Shutdown: String, Sendable {
        case powerdown
        case reboot
        case halt
    }

    /// Asks the guest to go down. An agent that obeys says nothing; it has two seconds to refuse.
    public func shutDown(
        _ mode: Shutdown = .powerdown, completion: @escaping (Result<Void, AgentError>) -> Void
    ) {
        submit(
            AgentCall(
                command: "guest-shutdown",
                arguments: {
                    var arguments = JSONObject()
                    arguments["mode"] = .string(mode.rawValue)
                    return arguments
                }, patience: 2 * Self.second, mayBeSilent: true, completion: { completion($0.map { _ in }) }))
    }

    /// Sets a user's password.
    public func setPassword(
        _ password: [UInt8], of user: String, completion: @escaping (Result<Void, AgentError>) -> Void
    ) {
        call(
            "guest-set-user-password",
            arguments: {
                var arguments = JSONObject()
                arguments["username"] = .string(user)
                arguments["password"] = .string(Base64.encode(password))
                arguments["crypted"] = .bool(false)
                return arguments
            }
        ) { completion($0.map { _ in }) }
    }

    /// Makes these the keys by which a user may log in; others are removed.
    public func setAuthorizedKeys(
        _ keys: [String], of user: String, completion: @escaping (Result<Void, AgentError>) -> Void
    ) {
        call(
            "guest-ssh-add-authorized-keys",
            arguments: {
                var arguments = JSONObject()
                arguments["username"] = .string(user)
                arguments["keys"] = .array(keys.map(JSONValue.string))
                arguments["reset"] = .bool(true)
                return arguments
            }
        ) { completion($0.map { _ in }) }
    }
}
