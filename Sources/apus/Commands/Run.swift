// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Glibc
import Linux
import Supervisor
import VMISpec

/// `apus run FILE`.
struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run a VirtualMachineInstance or VirtualMachine from its manifest.",
        discussion: """
            The guest's serial console is on the terminal; Ctrl-] opens a menu: d(etach), q(uit: press the power \
            button), k(ill), c(ontinue). Without a terminal the console goes to standard output and standard input \
            goes to the guest. Exits with 0 when the guest powered itself off.

            A VirtualMachine is kept under its name and run as its runStrategy says: Always and RerunOnFailure start it \
            again, after a wait that grows from 10 s to 5 min when it does not run for 10 s; Once does not; Manual and \
            Halted leave it to `apus start`.
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

    @Option(
        help: ArgumentHelp(
            "How networks without --tap are reached: by the pod's own tap and bridge (prepared), or by making them, "
                + "which takes the pod's interface over (own).",
            valueName: "prepared|own"))
    var network = "prepared"

    @Option(
        help: ArgumentHelp("The address by which probes reach the guest where they name no host.", valueName: "address")
    )
    var guestAddress: String?

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
            if let strategy = manifest.runStrategy { return try run(manifest, document, strategy) }
            if detach {
                try InstanceLaunch.background(document, arguments)
                return Output.write("\(manifest.instance.metadata.name)\n")
            }
            try Self.report(try InstanceLaunch.foreground(document, arguments))
        }
    }

    private func run(
        _ manifest: VMIManifest, _ document: JSONValue, _ strategy: VMIManifest.RunStrategy
    ) throws {
        let metadata = manifest.instance.metadata
        let key = RuntimeDirectory.name(metadata.name, namespace: metadata.namespace)
        let store = try MachineStore.open()
        guard strategy != .waitAsReceiver else {
            throw SupervisorError("spec.runStrategy: WaitAsReceiver cannot be run; migrate to it instead")
        }
        var keeper = try Keeper(store, key)
        try store.write(MachineRecord(document: document, arguments: arguments, strategy: strategy), as: key)
        guard RestartPolicy.startsByItself(strategy) else {
            return Output.note(
                "\(metadata.name) is kept and \(strategy.rawValue); apus start \(metadata.name) starts it")
        }
        if detach {
            // What keeps it is a process of its own, which takes over as soon as this one has let go.
            _ = consume keeper
            try Keep.spawn(metadata, store)
            return Output.write("\(metadata.name)\n")
        }
        let end = try keeper.serve { try InstanceLaunch.foreground($0.document, $0.arguments) }
        _ = consume keeper
        if end == nil { try Keep.spawn(metadata, store) }
        try Self.report(end)
    }

    /// Says why an instance ended otherwise than by powering off.
    private static func report(_ end: InstanceEnd?) throws {
        if let end, end.status != 0 { throw SupervisorError(end.message ?? "The VM ended") }
    }

    /// The manifest with the options that change it applied; options that are wrong by themselves are refused here.
    private func prepared() throws -> JSONValue {
        _ = try NamedPath.dictionary(image, option: "--image")
        _ = try NamedPath.dictionary(pvc, option: "--pvc")
        _ = try NamedPath.dictionary(secret, option: "--secret")
        _ = try NamedPath.dictionary(configMap, option: "--config-map")
        _ = try NamedPath.dictionary(tap, option: "--tap")
        guard ["on", "off"].contains(sandbox) else { throw SupervisorError("--sandbox \(sandbox): must be on or off") }
        guard ["prepared", "own"].contains(network) else {
            throw SupervisorError("--network \(network): must be prepared or own")
        }
        let document = try ManifestReader.read(file)
        guard let name, case .object(var object) = document, case .object(var metadata)? = object["metadata"] else {
            return document
        }
        metadata["name"] = .string(name)
        object["metadata"] = .object(metadata)
        return .object(object)
    }

    private var arguments: [String] {
        var arguments = ["--sandbox", sandbox, "--network", network]
        for value in image { arguments += ["--image", value] }
        for value in pvc { arguments += ["--pvc", value] }
        for value in secret { arguments += ["--secret", value] }
        for value in configMap { arguments += ["--config-map", value] }
        for value in tap { arguments += ["--tap", value] }
        if let vsockCID { arguments += ["--vsock-cid", "\(vsockCID)"] }
        if let guestAddress { arguments += ["--guest-address", guestAddress] }
        return arguments
    }
}
