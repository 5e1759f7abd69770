// SPDX-License-Identifier: Apache-2.0

import VMISpec

/// What is known of one volume (`VolumeStatus`).
public struct VolumeStatus: Equatable, Sendable {
    /// Its name.
    public var name: String
    /// The guest's name of the disk, such as "vda"; empty when it is attached to none.
    public var target: String
    /// Bytes, of an image that was made for this instance.
    public var size: UInt64?
    /// The claim behind it.
    public var claimName: String?
    /// Where hot-plugging it stands: "Pending", "AttachedToNode", "Ready", "Detaching"; nil for one that was there from
    /// the start.
    public var phase: String?
    /// One line about that.
    public var message: String?

    /// A volume that was there from the start.
    public init(name: String, target: String) {
        self.name = name
        self.target = target
    }

    var json: JSONValue {
        var object = JSONObject()
        object["name"] = .string(name)
        object["target"] = .string(target)
        if let phase {
            object["phase"] = .string(phase)
            object["hotplugVolume"] = .object(JSONObject())
        }
        if let message { object["message"] = .string(message) }
        if let claimName { object["persistentVolumeClaimInfo"] = .object(["claimName": .string(claimName)]) }
        if let size { object["size"] = .integer(Int64(clamping: size)) }
        return .object(object)
    }
}
