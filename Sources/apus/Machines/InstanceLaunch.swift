// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Supervisor
import VMISpec

/// Starts supervisors and stays with them.
enum InstanceLaunch {
    /// Starts the supervisor of an instance.
    /// - Throws: `SupervisorError` when there is no such program.
    static func start(_ document: JSONValue, _ arguments: [String]) throws(SupervisorError) -> SupervisorProcess {
        let path = SiblingProgram.path(
            "apus-supervisor", variable: "APUS_SUPERVISOR", environment: SiblingProgram.environment)
        do throws(Errno) {
            return try SupervisorProcess.start(
                path, ["--file", "-", "--owner-fd", "3"] + arguments, manifest: document.encoded())
        } catch {
            let remedy = error.code == ENOENT ? "; install it beside apus or set APUS_SUPERVISOR" : ""
            throw SupervisorError("\(path) cannot be started: \(error)\(remedy)")
        }
    }

    /// Runs an instance in the foreground; nil when the user left it to itself.
    /// - Throws: `SupervisorError` when it never came so far as to have an end of its own.
    static func foreground(_ document: JSONValue, _ arguments: [String]) throws -> InstanceEnd? {
        let instance = try VMIManifest.parse(document).instance
        let started = try start(document, arguments)
        do {
            guard case .ended(let end) = try ForegroundSession(started, of: instance).run() else {
                started.letGo()
                return nil
            }
            started.awaitEnd()
            return end
        } catch let error as SupervisorError {
            throw words(of: started, error)
        }
    }

    /// Starts an instance, waits until its vCPUs run, and leaves it to itself.
    /// - Throws: `SupervisorError` when it does not come so far.
    static func background(_ document: JSONValue, _ arguments: [String]) throws {
        let instance = try VMIManifest.parse(document).instance
        let started = try start(document, arguments)
        do {
            try ForegroundSession(started, of: instance).detachOnceStarted()
            started.letGo()
        } catch let error as SupervisorError {
            throw words(of: started, error)
        }
    }

    /// Waits for the end of an instance that runs.
    /// - Throws: `SupervisorError` when its supervisor ended without saying how it did.
    static func end(of directory: String) throws -> InstanceEnd {
        let connection = try InstanceConnection.connect(to: directory)
        try connection.listen()
        var end: InstanceEnd?
        while !connection.isEnded {
            for event in try connection.nextEvents() where event["event"]?.stringValue == "ended" {
                end = InstanceEnd(event)
            }
        }
        return end ?? InstanceEnd(unstarted: "The supervisor ended without a word")
    }

    /// A supervisor that did not get as far as to say why on its socket said it on its standard error.
    private static func words(of started: SupervisorProcess, _ error: SupervisorError) -> SupervisorError {
        started.awaitEnd()
        return error.description.isEmpty ? started.lastWords : error
    }
}
