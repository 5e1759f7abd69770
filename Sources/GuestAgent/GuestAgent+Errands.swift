// SPDX-License-Identifier: Apache-2.0

import Linux
import VMISpec

extension GuestAgent {
    /// When the next thing is due that the client does of its own accord; nil for never.
    var nextErrand: UInt64? {
        var times = polls.filter { !$0.isWaiting && isWorthAsking($0.command) }.map(\.due)
        times += executions.filter { !$0.isWaiting }.map { min($0.due, $0.until) }
        if timeAttempts > 0 { times.append(0) }
        if let thawDue { times.append(thawDue) }
        if !credentials.isEmpty { times.append(credentialsDue) }
        return times.min()
    }

    /// Puts what is due before the agent. Polls come one at a time, behind what others have asked for.
    func runErrands(_ now: UInt64) {
        if timeAttempts > 0 {
            timeAttempts -= 1
            setTime { [weak self] result in
                if case .failure(.timedOut) = result { return }
                self?.timeAttempts = 0
            }
        }
        if let due = thawDue, now >= due {
            thawDue = nil
            thaw { _ in }
        }
        askExecutions(now)
        if !credentials.isEmpty, now >= credentialsDue { checkCredentials(now) }
        askPoll(now)
    }

    private func askPoll(_ now: UInt64) {
        guard
            let index = polls.firstIndex(where: {
                !$0.isWaiting && now >= $0.due && isWorthAsking($0.command)
            })
        else { return }
        polls[index].ask(at: now)
        let command = polls[index].command
        call(command) { [weak self] result in
            guard let self else { return }
            if let index = polls.firstIndex(where: { $0.command == command }) { polls[index].isWaiting = false }
            guard case .success(let answer) = result else { return }
            let before = information
            take(answer, to: command)
            if information != before { onChange() }
        }
    }

    /// A frozen guest answers nothing but this; an agent that has said what it can is asked for nothing else.
    private func isWorthAsking(_ command: String) -> Bool {
        if information.freeze == .frozen { return command == "guest-fsfreeze-status" }
        return command == "guest-info" || information.commands.isEmpty || information.commands.contains(command)
    }

    /// Takes an answer up; one of a shape that makes no sense leaves what was known.
    private func take(_ answer: JSONValue, to command: String) {
        switch command {
        case "guest-info":
            guard let version = answer.text("version") else { return }
            information.version = version
            information.commands = Set(
                answer.list("supported_commands", limit: 512)
                    .filter { $0["enabled"]?.boolValue == true }.compactMap { $0.text("name") })
        case "guest-get-osinfo": information.os = GuestOS(answer) ?? information.os
        case "guest-get-host-name": information.hostname = answer.text("host-name") ?? information.hostname
        case "guest-get-timezone": information.timezone = GuestTimezone(answer) ?? information.timezone
        case "guest-get-load": information.load = GuestLoad(answer) ?? information.load
        case "guest-fsfreeze-status":
            information.freeze = answer.stringValue.flatMap(AgentInformation.Freeze.init) ?? information.freeze
        case "guest-network-get-interfaces":
            information.interfaces =
                elements(answer, GuestInterface.most)?.compactMap(GuestInterface.init) ?? information.interfaces
        case "guest-get-fsinfo":
            information.filesystems =
                elements(answer, GuestFilesystem.most)?.compactMap(GuestFilesystem.init) ?? information.filesystems
        case "guest-get-users":
            information.users = elements(answer, GuestUser.most)?.compactMap(GuestUser.init) ?? information.users
        default: break
        }
    }

    private func elements(_ answer: JSONValue, _ limit: Int) -> ArraySlice<JSONValue>? {
        guard case .array(let elements) = answer else { return nil }
        return elements.prefix(limit)
    }
}
