// SPDX-License-Identifier: Apache-2.0

import VMISpec

/// What the guest's agent tells of the guest's system (`VirtualMachineInstanceGuestOSInfo`).
public struct GuestOSInfo: Equatable, Sendable {
    /// The fields under KubeVirt's names: name, kernelRelease, version, prettyName, versionId, kernelVersion, machine, id.
    public var fields: [String: String] = [:]

    /// Nothing is known yet.
    public init() {}

    static let names = [
        "name", "kernelRelease", "version", "prettyName", "versionId", "kernelVersion", "machine", "id",
    ]

    var json: JSONValue {
        var object = JSONObject()
        for name in Self.names { if let value = fields[name], !value.isEmpty { object[name] = .string(value) } }
        return .object(object)
    }
}
