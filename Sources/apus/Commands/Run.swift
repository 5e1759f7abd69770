// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Glibc
import Linux
import Supervisor
import VMISpec

/// `apus run FILE`.
struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run a VirtualMachineInstance from its manifest.",
        discussion: """
            The guest's serial console is on the terminal; Ctrl-] opens a menu: d(etach), q(uit: press the power \
            button), k(ill), c(ontinue). Without a terminal the console goes to standard output and standard input \
            goes to the guest. Exits with 0 when the guest powered itself off.
            """)

    @Argument(help: "The manifest, in YAML or JSON; - reads standard input.")
    var file: String

    @Option(
        help: ArgumentHelp(
            "What stands for a container image: a directory, OCI layout, archive or disk.", valueName: "name=path"))
    var image: [String] = []

    @Option(
        help: ArgumentHelp(
            "The raw image, directory with a disk.img, or block device that stands for a persistent volume claim.",
            valueName: "name=path"))
    var pvc: [String] = []

    @Option(help: ArgumentHelp("The directory that stands for a ConfigMap, one file a key.", valueName: "name=dir"))
    var configMap: [String] = []

    @Option(help: ArgumentHelp("The directory that stands for a Secret, one file a key.", valueName: "name=dir"))
    var secret: [String] = []
    @Option(
        help: ArgumentHelp("The context ID of the guest's socket device; a free one by default.", valueName: "number"))
    var vsockCID: UInt32?

    @Option(help: ArgumentHelp("The existing tap device that stands for a network.", valueName: "network=tap"))
    var tap: [String] = []

    @Option(help: "Run it under this name instead of metadata.name.")
    var name: String?

    @Flag(help: "Leave the VM running and return once its vCPUs run.")
    var detach = false

    @Option(help: ArgumentHelp("Whether the launcher confines itself: on or off.", valueName: "on|off"))
    var sandbox = "on"

    func run() throws {
        try Output.reporting {
            SignalSet.ignoreBrokenPipes()
            let document = try prepared()
            let manifest = try VMIManifest.parse(document)
            for note in manifest.notes { Output.note("note: \(note)") }
            let started = try spawn(document)
            do {
                let session = try ForegroundSession(started.connection, of: manifest.instance)
                if detach {
                    try session.detachOnceStarted()
                    Output.write("\(manifest.instance.metadata.name)\n")
                    return started.letGo()
                }
                if try session.run() == ForegroundSession.detached { return started.letGo() }
                started.awaitEnd()
            } catch let error as SupervisorError {
                // A supervisor that did not get as far as to say why on its socket said it on its standard error.
                started.awaitEnd()
                throw error.description.isEmpty ? started.lastWords : error
            }
        }
    }

    /// The manifest with the options that change it applied; options that are wrong by themselves are refused here.
    private func prepared() throws -> JSONValue {
        _ = try NamedPath.dictionary(image, option: "--image")
        _ = try NamedPath.dictionary(pvc, option: "--pvc")
        _ = try NamedPath.dictionary(secret, option: "--secret")
        _ = try NamedPath.dictionary(configMap, option: "--config-map")
        _ = try NamedPath.dictionary(tap, option: "--tap")
        guard ["on", "off"].contains(sandbox) else { throw SupervisorError("--sandbox \(sandbox): must be on or off") }
        let document = try ManifestReader.read(file)
        guard let name, case .object(var object) = document, case .object(var metadata)? = object["metadata"] else {
            return document
        }
        metadata["name"] = .string(name)
        object["metadata"] = .object(metadata)
        return .object(object)
    }

    private func spawn(_ document: JSONValue) throws -> SupervisorProcess {
        let path = SiblingProgram.path(
            "apus-supervisor", variable: "APUS_SUPERVISOR", environment: SiblingProgram.environment)
        var arguments = ["--file", "-", "--sandbox", sandbox, "--owner-fd", "3"]
        for value in image { arguments += ["--image", value] }
        for value in pvc { arguments += ["--pvc", value] }
        for value in secret { arguments += ["--secret", value] }
        for value in configMap { arguments += ["--config-map", value] }
        for value in tap { arguments += ["--tap", value] }
        if let vsockCID { arguments += ["--vsock-cid", "\(vsockCID)"] }
        do throws(Errno) {
            return try SupervisorProcess.start(path, arguments, manifest: document.encoded())
        } catch {
            let remedy = error.code == ENOENT ? "; install it beside apus or set APUS_SUPERVISOR" : ""
            throw SupervisorError("\(path) cannot be started: \(error)\(remedy)")
        }
    }
}
