// SPDX-License-Identifier: Apache-2.0

import VMISpec

/// The status of an instance as KubeVirt shapes it (`VirtualMachineInstanceStatus`); knows when what changed.
struct InstanceStatus: Equatable {
    /// Where it is in its life.
    private(set) var phase = InstancePhase.scheduled
    /// When it came there, for each phase it has been in.
    private(set) var transitions: [(phase: InstancePhase, at: Timestamp)] = []
    /// Why it is where it is: one word for programs.
    var reason: String?
    private(set) var conditions: [InstanceCondition] = []
    var interfaces: [InterfaceStatus] = []
    var guestOS = GuestOSInfo()
    var volumes: [VolumeStatus] = []
    /// "True" while the guest's file systems are frozen.
    var fsFreezeStatus: String?

    // What does not change.
    var guestBytesAtBoot: UInt64 = 0
    var guestBytesRequested: UInt64 = 0
    var guestBytesCurrent: UInt64 = 0
    var topology = (sockets: UInt32(1), cores: UInt32(1), threads: UInt32(1))
    var qosClass = "Burstable"
    var runtimeUser: UInt32 = 0
    var nodeName: String?
    var migrationMethod: String?
    var vsockCID: UInt32?

    /// An instance that is about to start.
    init(at moment: Timestamp) { transitions = [(.scheduled, moment)] }

    /// Moves on to a phase; one that it is in or has passed changes nothing.
    mutating func enter(_ phase: InstancePhase, at moment: Timestamp) {
        guard Self.order(phase) > Self.order(self.phase) else { return }
        self.phase = phase
        transitions.append((phase, moment))
    }

    private static func order(_ phase: InstancePhase) -> Int {
        switch phase {
        case .scheduled: 0
        case .running: 1
        case .succeeded, .failed: 2
        }
    }

    /// Sets a condition; its time changes only when its truth does.
    mutating func set(
        _ kind: InstanceCondition.Kind, _ isTrue: Bool, reason: String = "", message: String = "", at moment: Timestamp
    ) {
        guard let index = conditions.firstIndex(where: { $0.kind == kind }) else {
            conditions.append(
                InstanceCondition(
                    kind: kind, isTrue: isTrue, reason: reason, message: message, lastTransition: moment))
            return
        }
        if conditions[index].isTrue != isTrue { conditions[index].lastTransition = moment }
        conditions[index].isTrue = isTrue
        conditions[index].reason = reason
        conditions[index].message = message
    }

    /// Takes a condition away, as KubeVirt does with Paused and AgentConnected.
    mutating func remove(_ kind: InstanceCondition.Kind) { conditions.removeAll { $0.kind == kind } }

    /// Whether a condition is set and true.
    func has(_ kind: InstanceCondition.Kind) -> Bool { conditions.contains { $0.kind == kind && $0.isTrue } }

    /// The status as KubeVirt's API writes it.
    var json: JSONValue {
        var object = JSONObject()
        if let reason { object["reason"] = .string(reason) }
        if let nodeName { object["nodeName"] = .string(nodeName) }
        object["conditions"] = .array(conditions.map(\.json))
        object["phase"] = .string(phase.rawValue)
        object["phaseTransitionTimestamps"] = .array(
            transitions.map {
                .object([
                    "phase": .string($0.phase.rawValue), "phaseTransitionTimestamp": .string("\($0.at)"),
                ])
            })
        object["interfaces"] = .array(interfaces.map(\.json))
        object["guestOSInfo"] = guestOS.json
        if let fsFreezeStatus { object["fsFreezeStatus"] = .string(fsFreezeStatus) }
        if let migrationMethod {
            object["migrationMethod"] = .string(migrationMethod)
            object["migrationTransport"] = .string("Unix")
        }
        object["qosClass"] = .string(qosClass)
        object["runtimeUser"] = .integer(Int64(runtimeUser))
        if let vsockCID { object["VSOCKCID"] = .integer(Int64(vsockCID)) }
        object["volumeStatus"] = .array(volumes.sorted { $0.name < $1.name }.map(\.json))
        object["machine"] = .object(["type": .string("q35")])
        object["currentCPUTopology"] = .object([
            "cores": .integer(Int64(topology.cores)), "sockets": .integer(Int64(topology.sockets)),
            "threads": .integer(Int64(topology.threads)),
        ])
        object["memory"] = .object([
            "guestAtBoot": .string(Self.quantity(guestBytesAtBoot)),
            "guestCurrent": .string(Self.quantity(guestBytesCurrent)),
            "guestRequested": .string(Self.quantity(guestBytesRequested)),
        ])
        return .object(object)
    }

    /// Bytes as Kubernetes writes them: exactly, in the greatest binary unit that leaves no fraction.
    static func quantity(_ bytes: UInt64) -> String {
        var rest = bytes
        for unit in ["", "Ki", "Mi", "Gi", "Ti", "Pi"] {
            if rest == 0 || rest % 1024 != 0 { return "\(rest)\(unit)" }
            rest /= 1024
        }
        return "\(rest)Ei"
    }

    static func == (left: InstanceStatus, right: InstanceStatus) -> Bool { left.json == right.json }
}
