// SPDX-License-Identifier: Apache-2.0

import GuestAgent
import Linux
import VMISpec

extension Supervision {
    /// Watches the guest agent's channel and tells clients when an agent comes or goes.
    func watchAgent() throws(Errno) {
        try watch.add(agent.descriptor, .readable, token: Token.agent)
        try watch.add(agentTimer.descriptor.raw, .readable, token: Token.agentTimer)
        var wasConnected = false
        agent.onChange = { [weak self] in
            guard let self, agent.isConnected != wasConnected else { return }
            wasConnected.toggle()
            tell(["event": .string(wasConnected ? "agentConnected" : "agentDisconnected")])
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
