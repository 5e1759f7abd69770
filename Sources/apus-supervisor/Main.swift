// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Glibc
import Linux
import Supervisor
import VMISpec

/// Runs one VirtualMachineInstance: reads its manifest in JSON, prepares what it needs, starts a launcher and watches
/// over it until its end.
@main
struct Main: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apus-supervisor",
        abstract: "Runs one VirtualMachineInstance from its manifest in JSON until it ends.",
        discussion: """
            Exits with 0 when the guest powered itself off, and otherwise with 1 and one line that says why.

            SIGTERM presses the guest's power button, waits for terminationGracePeriodSeconds and then stops it; a \
            second SIGTERM stops it at once. The control socket is $XDG_RUNTIME_DIR/apus/NAMESPACE_NAME/control.sock, \
            or below /run/apus without that variable.
            """,
        version: "0.1.0")

    @Option(help: ArgumentHelp("The manifest in JSON; - reads standard input.", valueName: "file"))
    var file = "-"

    @Option(
        help: ArgumentHelp(
            "What stands for a container image: a directory, OCI layout, archive or disk.", valueName: "name=path"))
    var image: [String] = []

    @Option(help: ArgumentHelp("The file or device that stands for a persistent volume claim.", valueName: "name=path"))
    var pvc: [String] = []

    @Option(help: ArgumentHelp("The tap device that stands for a network.", valueName: "network=tap"))
    var tap: [String] = []

    @Option(help: ArgumentHelp("The directory that stands for a ConfigMap, one file a key.", valueName: "name=dir"))
    var configMap: [String] = []

    @Option(help: ArgumentHelp("The directory that stands for a Secret, one file a key.", valueName: "name=dir"))
    var secret: [String] = []
    @Option(
        help: ArgumentHelp("The context ID of the guest's socket device; a free one by default.", valueName: "number"))
    var vsockCID: UInt32?

    @Option(help: ArgumentHelp("Whether the launcher confines itself: on or off.", valueName: "on|off"))
    var sandbox = "on"

    @Option(
        help: ArgumentHelp(
            "A connected socket that speaks the control protocol; when it closes, the VM is stopped.",
            valueName: "fd"))
    var ownerFD: Int32?

    func run() throws {
        CurrentProcess.limitAllocator()
        let outcome: Outcome
        do {
            outcome = try supervise()
        } catch {
            for line in "\(error)".split(separator: "\n") { CurrentProcess.complain("apus-supervisor: \(line)") }
            throw ExitCode(1)
        }
        if case .failed(let line) = outcome { CurrentProcess.complain("apus-supervisor: \(line)") }
        throw ExitCode(outcome.exitStatus)
    }

    private func supervise() throws -> Outcome {
        // A socket that a parent handed over must not reach the launcher or a tool.
        var owner: FileDescriptor?
        if let number = ownerFD {
            guard number > 2, fcntl(number, F_GETFD) >= 0 else {
                throw SupervisorError("--owner-fd \(number): is no open descriptor of its own")
            }
            owner = try FileDescriptor(owning: number).duplicate()
        }
        var options = LaunchOptions()
        options.images = try NamedPath.dictionary(image, option: "--image")
        options.claims = try NamedPath.dictionary(pvc, option: "--pvc")
        options.secrets = try NamedPath.dictionary(secret, option: "--secret")
        options.configMaps = try NamedPath.dictionary(configMap, option: "--config-map")
        options.taps = try NamedPath.dictionary(tap, option: "--tap")
        options.vsockCID = vsockCID
        guard ["on", "off"].contains(sandbox) else {
            throw SupervisorError("--sandbox \(sandbox): must be on or off")
        }
        options.sandbox = sandbox == "on"
        let document: JSONValue
        let bytes = try read()
        do throws(JSONSyntaxError) { document = try JSONValue(parsing: bytes) } catch {
            throw SupervisorError("\(file == "-" ? "The manifest" : file) is not valid JSON: \(error)")
        }
        let manifest = try VMIManifest.parse(document)
        let supervision = try Supervision.start(
            manifest, document: document, options, environment: SiblingProgram.environment, owner: owner)
        return supervision.run()
    }

    private func read() throws -> [UInt8] {
        let limit = JSONLimits.manifest.bytes
        do throws(Errno) {
            if file == "-" {
                // Number 0 stays taken: what is opened later must not become a child's standard input by chance.
                let standard = FileDescriptor(owning: 0)
                let copy = try standard.duplicate()
                _ = standard.release()
                return try copy.readAll(limit: limit)
            }
            return try FileDescriptor.open(file, O_RDONLY).readAll(limit: limit)
        } catch {
            let reason = error.code == EFBIG ? "it has more than \(limit) bytes" : error.reason
            throw SupervisorError("\(file == "-" ? "The manifest" : file) cannot be read: \(reason)")
        }
    }
}
