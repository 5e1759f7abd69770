// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Glibc
import Linux
import Supervisor
import VMISpec

/// `apus keep KEY`: what keeps a virtual machine running that nobody has in the foreground.
struct Keep: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Keep a virtual machine as its run strategy wants it.", shouldDisplay: false)

    @Argument(help: "The machine's key, NAMESPACE_NAME.")
    var key: String

    @Option(help: "An open descriptor for a byte once the first instance runs, or a line why not.")
    var reportFD: Int32

    func run() throws {
        try Output.reporting {
            SignalSet.ignoreBrokenPipes()
            let report = FirstReport(try FileDescriptor(owning: reportFD).duplicate())
            do {
                var keeper = try Keeper(MachineStore.open(), key)
                _ = try keeper.serve { record in
                    let directory = "\(Output.base)/\(key)"
                    if RunningInstances.directories(in: Output.base).contains(directory) {
                        report.tell("\n")
                        return try InstanceLaunch.end(of: directory)
                    }
                    do { try InstanceLaunch.background(record.document, record.arguments) } catch {
                        // The first start is waited for by somebody; a later one is tried again.
                        guard report.wasTold else { throw error }
                        return InstanceEnd(unstarted: "\(error)")
                    }
                    report.tell("\n")
                    return try InstanceLaunch.end(of: directory)
                }
            } catch {
                report.tell("\(error)")
                throw error
            }
        }
    }

    /// Starts a keeper of its own session and waits until the machine's first instance runs.
    /// - Throws: `SupervisorError` with the reason when it does not.
    static func spawn(_ metadata: ObjectMeta, _ store: MachineStore) throws {
        let key = RuntimeDirectory.name(metadata.name, namespace: metadata.namespace)
        let null = try FileDescriptor.open("/dev/null", O_RDWR)
        let log = try FileDescriptor.open("\(store.folder)/\(key).log", O_WRONLY | O_CREAT | O_TRUNC | O_APPEND)
        let pair = try UnixSocket.pair()
        let theirs = try pair.second.descriptor.duplicate()
        let ours = try pair.first.descriptor.duplicate()
        // The pair's own ends go with it; only the keeper's copy of the other end stays open.
        _ = consume pair
        var keeper = try ChildProcess(
            SiblingProgram.path("apus", variable: "APUS", environment: SiblingProgram.environment),
            ["keep", key, "--report-fd", "3"], environment: SiblingProgram.environmentList,
            passing: [
                .init(null.raw, as: 0), .init(null.raw, as: 1), .init(log.raw, as: 2), .init(theirs.raw, as: 3),
            ], ownSession: true)
        _ = consume theirs
        let said = String(decoding: try ours.readAll(limit: 65_536), as: UTF8.self)
        guard said == "\n" else {
            _ = keeper.end(waiting: true)
            throw SupervisorError(said.isEmpty ? "What keeps the machine ended without a word" : said)
        }
        keeper.abandon()
    }
}
