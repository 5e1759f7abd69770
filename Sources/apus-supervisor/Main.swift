// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Glibc
import Linux
import PodNetwork
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
            second SIGTERM stops it at once. What can be asked of it over the socket \
            $XDG_RUNTIME_DIR/apus/NAMESPACE_NAME/control.sock, or below /run/apus without that variable, is described in \
            docs/openapi.yaml; status.json beside it always has the status.
            """,
        version: "0.1.0")

    @Option(
        help: ArgumentHelp(
            "The manifest in JSON; - reads standard input. Without it the variable STANDALONE_VMI is read, and standard "
                + "input where that is empty.", valueName: "file"))
    var file: String?

    @Option(
        help: ArgumentHelp(
            "What stands for a container image: a directory, OCI layout, archive or disk.", valueName: "name=path"))
    var image: [String] = []

    @Option(help: ArgumentHelp("The file or device that stands for a persistent volume claim.", valueName: "name=path"))
    var pvc: [String] = []

    @Option(help: ArgumentHelp("The tap device that stands for a network.", valueName: "network=tap"))
    var tap: [String] = []

    @Option(
        help: ArgumentHelp(
            "How networks without --tap are reached: by the pod's own tap and bridge (prepared), or by making them, "
                + "which takes the pod's interface over (own).",
            valueName: "prepared|own"))
    var network = "prepared"
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
            "The root below which KubeVirt's directories of a pod are: / in a container.", valueName: "dir"))
    var podRoot: String?

    @Option(
        help: ArgumentHelp(
            "The address by which probes reach the guest where they name no host.", valueName: "address"))
    var guestAddress: String?

    @Option(
        help: ArgumentHelp(
            "A connected socket that speaks the API; when it closes, the VM is stopped.",
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
        guard let mode = PodNetworkOptions.Mode(rawValue: network) else {
            throw SupervisorError("--network \(network): must be prepared or own")
        }
        options.network = mode
        options.podRoot = podRoot
        options.guestAddress = guestAddress
        let document: JSONValue
        let environment = SiblingProgram.environment
        let source = ManifestSource(file: file, environment: environment)
        let bytes = try source.read()
        do throws(JSONSyntaxError) { document = try JSONValue(parsing: bytes) } catch {
            throw SupervisorError("\(source.name) is not valid JSON: \(error)")
        }
        let manifest = try VMIManifest.parse(document)
        let supervision = try Supervision.start(
            manifest, document: document, options, environment: environment, owner: owner)
        return supervision.run()
    }
}
