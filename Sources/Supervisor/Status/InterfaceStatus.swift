// SPDX-License-Identifier: Apache-2.0

import VMISpec

/// What is known of one interface of the guest (`VirtualMachineInstanceNetworkInterface`).
public struct InterfaceStatus: Equatable, Sendable {
    /// The name of its network; empty for one that only the guest knows.
    public var name: String
    /// Its Ethernet address.
    public var mac: String
    /// Its addresses, the first of which is shown as the address.
    public var addresses: [String] = []
    /// Its name in the guest, once the guest's agent told it.
    public var interfaceName: String?
    /// The pod's interface behind it.
    public var podInterfaceName: String?
    /// Who told of it: "domain", "guest-agent", "multus-status".
    public var sources = ["domain"]
    /// How many pairs of queues it has.
    public var queueCount = 1
    /// Whether its link is up.
    public var isUp = true

    /// An interface of the machine.
    public init(name: String, mac: String) {
        self.name = name
        self.mac = mac
    }

    var json: JSONValue {
        var object = JSONObject()
        if let first = addresses.first {
            object["ipAddress"] = .string(first)
            object["ipAddresses"] = .array(addresses.map(JSONValue.string))
        }
        if let interfaceName { object["interfaceName"] = .string(interfaceName) }
        object["mac"] = .string(mac)
        if !name.isEmpty { object["name"] = .string(name) }
        if let podInterfaceName { object["podInterfaceName"] = .string(podInterfaceName) }
        object["infoSource"] = .string(sources.joined(separator: ", "))
        object["queueCount"] = .integer(Int64(queueCount))
        object["linkState"] = .string(isUp ? "up" : "down")
        return .object(object)
    }
}
