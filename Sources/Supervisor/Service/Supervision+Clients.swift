// SPDX-License-Identifier: Apache-2.0

import Control
import Linux
import VMISpec

extension Supervision {
    /// Does what a client asks for.
    func serveClient(_ token: UInt64) {
        guard let client = clients[token] else { return }
        for line in client.connection.read() {
            do throws(SupervisorError) {
                serve(try ServiceRequest(parsing: line), from: client)
            } catch {
                client.connection.send(.object(["ok": .bool(false), "error": .string("\(error)")]))
            }
        }
        client.connection.flush()
    }

    private func serve(_ request: ServiceRequest, from client: Client) {
        let done = JSONValue.object(["ok": .bool(true)])
        switch request {
        case .status: client.connection.send(.object(["ok": .bool(true), "status": status]))
        case .describe:
            client.connection.send(.object(["ok": .bool(true), "status": status, "manifest": document]))
        case .pause: ask(.pause, for: client)
        case .resume: ask(.resume, for: client)
        case .stop(let force):
            client.connection.send(done)
            if force || stopping == .not { stop(force: force) }
        case .events:
            client.hearsEvents = true
            client.connection.send(done)
        case .detach:
            client.isOwner = false
            client.connection.send(done)
        }
    }

    /// Tells every client that listens of an event.
    func tell(_ event: KeyValuePairs<String, JSONValue>) {
        let value = JSONValue.object(event)
        for client in clients.values where client.hearsEvents { client.connection.send(value) }
    }

    /// The state of the instance, in KubeVirt's words where it has them.
    var status: JSONValue {
        var status = JSONObject()
        status["name"] = .string(instance.metadata.name)
        status["namespace"] = .string(instance.metadata.namespace)
        status["uuid"] = .string(instance.firmwareUUID.description)
        status["phase"] = .string(report == nil ? "Scheduled" : "Running")
        status["paused"] = .bool(isPaused)
        status["stopping"] = .bool(stopping != .not)
        status["vcpus"] = .integer(Int64(instance.spec.domain.cpu.vcpuCount))
        status["memoryBytes"] = .integer(Int64(clamping: instance.spec.domain.memory.guestBytes))
        status["supervisorPid"] = .integer(Int64(CurrentProcess.id))
        status["launcherPid"] = .integer(Int64(launcherID))
        status["vcpuThreads"] = .array((report?.vcpuThreads ?? []).map { .integer(Int64($0)) })
        status["resets"] = .integer(Int64(clamping: resets))
        status["uptimeSeconds"] = .integer(
            report == nil ? 0 : Int64(clamping: (Clock.monotonic &- startedAt) / 1_000_000_000))
        status["timings"] = Self.json(report?.marks ?? [])
        var memory = JSONObject()
        memory["launcher"] =
            MemoryUse(process: launcherID, guestBytes: Self.leastGuestMapping)?.json ?? .null
        memory["supervisor"] = MemoryUse(process: CurrentProcess.id, guestBytes: nil)?.json ?? .null
        status["memoryOverhead"] = .object(memory)
        status["agentConnected"] = .bool(agent.isConnected)
        status["runtimeDirectory"] = .string(directory.path)
        return .object(status)
    }

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
