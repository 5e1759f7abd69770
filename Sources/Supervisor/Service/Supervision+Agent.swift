// SPDX-License-Identifier: Apache-2.0

import GuestAgent
import Linux
import VMISpec

extension Supervision {
    /// Watches the guest agent's channel; when an agent comes or goes, and how credentials stand, is told and noted.
    func watchAgent() throws(Errno) {
        try watch.add(agent.descriptor, .readable, token: Token.agent)
        try watch.add(agentTimer.descriptor.raw, .readable, token: Token.agentTimer)
        var wasConnected = false
        var credentials: CredentialStatus?
        agent.onChange = { [weak self] in
            guard let self else { return }
            if agent.isConnected != wasConnected {
                wasConnected.toggle()
                journal.write("the guest's agent is \(wasConnected ? "there" : "gone")")
                tell(["event": .string(wasConnected ? "agentConnected" : "agentDisconnected")])
            }
            guard agent.credentialStatus != credentials, let status = agent.credentialStatus else { return }
            credentials = status
            switch status {
            case .synchronized: journal.write("the guest has the access credentials")
            case .failed(let reason): journal.write("the guest does not have the access credentials: \(reason)")
            }
        }
    }

    /// Lets the agent's client do what it can, and waits for what it waits for.
    func serveAgent() {
        agent.serve()
        var wanted: Readiness = []
        if agent.wantsRead { wanted.insert(.readable) }
        if agent.wantsWrite { wanted.insert(.writable) }
        if wanted != agentInterest {
            // A socket whose other end is gone would wake the loop whatever it is watched for.
            if wanted.isEmpty {
                watch.remove(agent.descriptor)
            } else if agentInterest.isEmpty {
                try? watch.add(agent.descriptor, wanted, token: Token.agent)
            } else {
                try? watch.change(agent.descriptor, wanted, token: Token.agent)
            }
            agentInterest = wanted
        }
        let deadline = agent.deadline
        guard deadline != agentDeadline else { return }
        agentDeadline = deadline
        let now = Clock.monotonic
        try? agentTimer.set(nanoseconds: deadline.map { $0 > now ? $0 - now : 1 } ?? 0)
    }
}
