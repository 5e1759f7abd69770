// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Supervisor
import VMISpec

/// `apus resizevolume NAME VOLUME [SIZE]`.
struct ResizeVolume: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resizevolume", abstract: "Make a volume of a running VM larger.",
        discussion: "Without a size the guest is told of the one that the volume's file or device was given elsewhere.")

    @Argument(help: "The VM's name, or NAMESPACE/NAME.")
    var name: String

    @Argument(help: "The volume's name.")
    var volume: String

    @Argument(help: "The new size, such as 20Gi.")
    var size: String?

    func run() throws {
        try Output.reporting {
            var body = JSONObject()
            if let size { body["size"] = .string(size) }
            try RunningInstances.connect(to: name, in: Output.base).ask(.resizeVolume, [volume], body: .object(body))
        }
    }
}
