// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Supervisor
import VMISpec

/// `apus validate -f FILE`.
struct Validate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say everything that is wrong with manifests, each with the field's path.",
        discussion: "Exits with 0 when nothing is wrong.")

    @Option(name: [.short, .long], help: "A manifest, in YAML or JSON; - reads standard input. May be given again.")
    var file: [String] = []

    @Argument(help: "Further manifests.")
    var files: [String] = []

    func run() throws {
        let all = file + files
        guard !all.isEmpty else { throw Output.failure(SupervisorError("Name a manifest: apus validate -f FILE")) }
        var isValid = true
        for file in all {
            let name = file == "-" ? "Standard input" : file
            do {
                let manifest = try VMIManifest.parse(try ManifestReader.read(file))
                for note in manifest.notes { Output.write("\(name): note: \(note)\n") }
                Output.write("\(name): \(manifest.kind.rawValue) \(manifest.instance.metadata.name) is valid\n")
            } catch let error as InvalidManifest {
                isValid = false
                for problem in error.problems { Output.write("\(name): \(problem)\n") }
            } catch {
                isValid = false
                Output.write("\(error)\n")
            }
        }
        if !isValid { throw ExitCode(1) }
    }
}
