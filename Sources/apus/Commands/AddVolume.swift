// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Supervisor
import VMISpec

/// `apus addvolume NAME FILE`.
struct AddVolume: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "addvolume", abstract: "Attach a volume to a running VM.",
        discussion: """
            The file is what KubeVirt calls AddVolumeOptions, in YAML or JSON:

              name: data
              disk: {disk: {bus: scsi}}
              volumeSource: {persistentVolumeClaim: {claimName: data}}
            """)

    @Argument(help: "The VM's name, or NAMESPACE/NAME.")
    var name: String

    @Argument(help: "The volume and its disk; - reads standard input.")
    var file: String

    func run() throws {
        try Output.reporting {
            try RunningInstances.connect(to: name, in: Output.base)
                .ask(.addVolume, body: try ManifestReader.read(file))
        }
    }
}
