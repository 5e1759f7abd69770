// SPDX-License-Identifier: Apache-2.0

import Linux
import VMISpec

extension GuestAgent {
    /// Runs a program in the guest and waits for its end.
    /// - Parameters:
    ///   - path: of the program, looked for as the agent's environment has it.
    ///   - capturesOutput: whether its output is wanted; what does not fit in 2 MiB of an answer fails the call.
    ///   - timeout: nanoseconds it may take, the waiting for the agent included; it goes on in the guest behind that.
    public func execute(
        _ path: String, _ arguments: [String] = [], capturesOutput: Bool = true, timeout: UInt64,
        completion: @escaping (Result<AgentExecution, AgentError>) -> Void
    ) {
        guard executions.count < RunningExecution.most else { return completion(.failure(.busy)) }
        let until = clock() &+ timeout
        call(
            "guest-exec", patience: min(timeout, AgentCall.usualPatience),
            arguments: {
                var object = JSONObject()
                object["path"] = .string(path)
                object["arg"] = .array(arguments.map(JSONValue.string))
                object["capture-output"] = .bool(capturesOutput)
                return object
            }
        ) { [weak self] result in
            switch result {
            case .failure(let error): completion(.failure(error))
            case .success(let answer):
                guard let self, let process = answer["pid"]?.integerValue else {
                    return completion(.failure(.malformed(command: "guest-exec")))
                }
                executions.append(
                    RunningExecution(
                        process: process, until: until, completion: completion, due: clock() &+ 10_000_000))
            }
        }
    }

    /// Asks after the programs that are due, and gives those up that took too long.
    func askExecutions(_ now: UInt64) {
        for execution in executions where now >= execution.until && !execution.isWaiting {
            end(execution.process, .failure(.timedOut(command: "guest-exec")))
        }
        for index in executions.indices where !executions[index].isWaiting && now >= executions[index].due {
            let process = executions[index].process
            executions[index].isWaiting = true
            call(
                "guest-exec-status",
                arguments: {
                    var object = JSONObject()
                    object["pid"] = .integer(process)
                    return object
                }
            ) { [weak self] in self?.heard($0, of: process) }
        }
    }

    private func heard(_ result: Result<JSONValue, AgentError>, of process: Int64) {
        guard let index = executions.firstIndex(where: { $0.process == process }) else { return }
        executions[index].isWaiting = false
        switch result {
        case .failure(let error): end(process, .failure(error))
        case .success(let answer):
            guard let hasExited = answer["exited"]?.boolValue else {
                return end(process, .failure(.malformed(command: "guest-exec-status")))
            }
            guard hasExited else {
                executions[index].due = clock() &+ executions[index].pause
                executions[index].pause = min(executions[index].pause * 2, RunningExecution.longestPause)
                return
            }
            guard let output = Self.bytes(answer["out-data"]), let errors = Self.bytes(answer["err-data"]) else {
                return end(process, .failure(.malformed(command: "guest-exec-status")))
            }
            end(
                process,
                .success(
                    AgentExecution(
                        exitCode: answer["exitcode"]?.integerValue, signal: answer["signal"]?.integerValue,
                        output: output, errors: errors,
                        isTruncated: answer["out-truncated"]?.boolValue == true
                            || answer["err-truncated"]?.boolValue == true)))
        }
    }

    private func end(_ process: Int64, _ result: Result<AgentExecution, AgentError>) {
        guard let index = executions.firstIndex(where: { $0.process == process }) else { return }
        executions.remove(at: index).completion(result)
    }

    private static func bytes(_ value: JSONValue?) -> [UInt8]? {
        guard let value else { return [] }
        return value.stringValue.flatMap(Base64.decode)
    }
}
