// SPDX-License-Identifier: Apache-2.0

import VMISpec

/// One condition of an instance (`VirtualMachineInstanceCondition`).
struct InstanceCondition: Equatable {
    /// The conditions that are set here, in KubeVirt's words.
    enum Kind: String, CaseIterable {
        case ready = "Ready"
        case paused = "Paused"
        case agentConnected = "AgentConnected"
        case accessCredentialsSynchronized = "AccessCredentialsSynchronized"
        case liveMigratable = "LiveMigratable"
        case synchronized = "Synchronized"
    }

    let kind: Kind
    var isTrue: Bool
    /// One word for programs, or empty.
    var reason: String
    /// One line for people, or empty.
    var message: String
    var lastTransition: Timestamp

    var json: JSONValue {
        var object = JSONObject()
        object["type"] = .string(kind.rawValue)
        object["status"] = .string(isTrue ? "True" : "False")
        object["lastProbeTime"] = .null
        object["lastTransitionTime"] = .string("\(lastTransition)")
        if !reason.isEmpty { object["reason"] = .string(reason) }
        if !message.isEmpty { object["message"] = .string(message) }
        return .object(object)
    }
}
