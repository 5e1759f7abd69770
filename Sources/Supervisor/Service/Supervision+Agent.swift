// SPDX-License-Identifier: Apache-2.0

import GuestAgent
import Linux
import VMISpec

extension Supervision {
    /// Watches the guest agent's channel.
    func watchAgent() throws(Errno) {
        agentToken = try loop.watch(agent.descriptor) { _ in }
        agent.onChange = { [weak self] in self?.takeOverAgent() }
    }

    /// Lets the agent's client do what it can, and waits for what it waits for.
    func serveAgent() {
        agent.serve()
        var wanted: Readiness = []
        if agent.wantsRead { wanted.insert(.readable) }
        if agent.wantsWrite { wanted.insert(.writable) }
        // A socket whose other end is gone would wake the loop whatever it is watched for.
        if wanted.isEmpty {
            loop.forget(agentToken)
            agentToken = 0
        } else if agentToken == 0 {
            agentToken = (try? loop.watch(agent.descriptor, wanted) { _ in }) ?? 0
        } else {
            loop.change(agentToken, wanted)
        }
        let deadline = agent.deadline
        guard deadline != agentDeadline || agentAlarm == nil else { return }
        agentDeadline = deadline
        loop.cancel(agentAlarm)
        agentAlarm = nil
        guard let deadline else { return }
        let now = Clock.monotonic
        agentAlarm = loop.after(nanoseconds: deadline > now ? deadline - now : 0) { [weak self] in
            self?.agentAlarm = nil
        }
    }

    /// Shows in the status what the agent has told, and that it is there or gone.
    private func takeOverAgent() {
        let moment = Timestamp.now
        if agent.isConnected != status.has(.agentConnected) {
            journal.write("the guest's agent is \(agent.isConnected ? "there" : "gone")")
            tell(agent.isConnected ? "agentConnected" : "agentDisconnected")
            if agent.isConnected {
                status.set(.agentConnected, true, at: moment)
            } else {
                status.remove(.agentConnected)
            }
        }
        switch agent.credentialStatus {
        case .synchronized where !status.has(.accessCredentialsSynchronized):
            status.set(.accessCredentialsSynchronized, true, at: moment)
            journal.write("the guest has the access credentials")
        case .failed(let reason) where reason != credentialFailure:
            credentialFailure = reason
            status.set(.accessCredentialsSynchronized, false, message: reason, at: moment)
            journal.write("the guest does not have the access credentials: \(reason)")
        default: break
        }
        let told = agent.information
        status.fsFreezeStatus = told.freeze == .frozen ? "frozen" : nil
        if let os = told.os { status.guestOS = GuestOSInfo(os) }
        takeOver(told.interfaces)
    }

    /// Addresses and names by Ethernet address; interfaces that only the guest knows come last.
    private func takeOver(_ told: [GuestInterface]) {
        var rest = told.filter { $0.name != "lo" }
        for index in status.interfaces.indices where !status.interfaces[index].name.isEmpty {
            let mac = status.interfaces[index].mac.lowercased()
            guard let found = rest.firstIndex(where: { $0.mac?.lowercased() == mac }) else { continue }
            let interface = rest.remove(at: found)
            status.interfaces[index].interfaceName = interface.name
            status.interfaces[index].addresses = interface.addresses.map(\.text)
            status.interfaces[index].sources = ["domain", "guest-agent"]
        }
        status.interfaces.removeAll { $0.name.isEmpty }
        for interface in rest.prefix(16) {
            guard let mac = interface.mac else { continue }
            var stranger = InterfaceStatus(name: "", mac: mac)
            stranger.interfaceName = interface.name
            stranger.addresses = interface.addresses.map(\.text)
            stranger.sources = ["guest-agent"]
            status.interfaces.append(stranger)
        }
    }
}

extension GuestOSInfo {
    /// What the agent tells, under KubeVirt's names.
    init(_ os: GuestOS) {
        self.init()
        fields = [
            "name": os.name, "kernelRelease": os.kernelRelease, "version": os.version, "prettyName": os.prettyName,
            "versionId": os.versionID, "kernelVersion": os.kernelVersion, "machine": os.machine, "id": os.id,
        ]
    }
}
