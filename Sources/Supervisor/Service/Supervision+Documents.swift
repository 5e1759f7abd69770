// SPDX-License-Identifier: Apache-2.0

import Control
import Linux
import VMISpec

extension Supervision {
    /// The instance as an object of KubeVirt's API: the manifest with its status. A virtual machine's template stands
    /// for the instance it makes.
    var instanceDocument: JSONValue {
        var object = JSONObject()
        object["apiVersion"] = .string("kubevirt.io/v1")
        object["kind"] = .string("VirtualMachineInstance")
        var metadata = JSONObject()
        if case .object(let given)? = document["metadata"] { metadata = given }
        metadata["name"] = .string(instance.metadata.name)
        metadata["namespace"] = .string(instance.metadata.namespace)
        object["metadata"] = .object(metadata)
        object["spec"] =
            (manifest.kind == .virtualMachine ? document["spec"]?["template"]?["spec"] : document["spec"]) ?? .null
        object["status"] = status.json
        return .object(object)
    }

    /// What Apus knows of the instance beside what KubeVirt's status has: processes, timings, memory.
    var machineDocument: JSONValue {
        var object = JSONObject()
        object["name"] = .string(instance.metadata.name)
        object["namespace"] = .string(instance.metadata.namespace)
        object["uuid"] = .string(instance.firmwareUUID.description)
        object["phase"] = .string(status.phase.rawValue)
        object["paused"] = .bool(isPaused)
        object["stopping"] = .bool(stopping != .not)
        object["vcpus"] = .integer(Int64(instance.spec.domain.cpu.vcpuCount))
        object["memoryBytes"] = .integer(Int64(clamping: instance.spec.domain.memory.guestBytes))
        object["supervisorPid"] = .integer(Int64(CurrentProcess.id))
        object["launcherPid"] = .integer(Int64(launcherID))
        object["vcpuThreads"] = .array((report?.vcpuThreads ?? []).map { .integer(Int64($0)) })
        object["resets"] = .integer(Int64(clamping: resets))
        object["panics"] = .integer(Int64(clamping: panics))
        object["uptimeSeconds"] = .integer(
            report == nil ? 0 : Int64(clamping: (Clock.monotonic &- startedAt) / 1_000_000_000))
        object["timings"] = Self.json(report?.marks ?? [])
        object["memoryOverhead"] = .object([
            "launcher": launcherMemory?.json ?? .null,
            "supervisor": MemoryUse(process: CurrentProcess.id, guestBytes: nil)?.json ?? .null,
        ])
        object["agentConnected"] = .bool(agent.isConnected)
        object["runtimeDirectory"] = .string(directory.path)
        object["console"] = console.map { .string($0.path) } ?? .null
        return .object(object)
    }

    /// What the launcher takes beside the guest's memory.
    var launcherMemory: MemoryUse? { MemoryUse(process: launcherID, guestBytes: Self.leastGuestMapping) }

    /// The least guest memory there is; a launcher maps nothing else that large.
    private static let leastGuestMapping: UInt64 = 8 << 20

    /// Marks as clients see them: names and milliseconds.
    static func json(_ marks: [TimingMark]) -> JSONValue {
        .array(
            marks.map { mark in
                let milliseconds = JSONNumber(Double(mark.nanoseconds / 1000) / 1000)
                return .object([
                    "name": .string(mark.name), "milliseconds": milliseconds.map(JSONValue.number) ?? .null,
                ])
            })
    }
}
