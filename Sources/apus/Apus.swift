// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// The command people type.
@main
struct Apus: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apus",
        abstract: "Runs Kubernetes-style virtual machines straight on KVM.",
        discussion: """
            A VirtualMachineInstance manifest goes in, a running guest comes out:

              apus run examples/debian.yaml --image kernel=DIR --pvc root=FILE
            """,
        version: "apus 0.1.0",
        subcommands: [
            Run.self, List.self, Console.self, Start.self, Stop.self, Pause.self, Resume.self, Reset.self,
            SoftReboot.self, AddVolume.self, RemoveVolume.self, ResizeVolume.self, Balloon.self, Describe.self,
            Events.self, Metrics.self,
            Delete.self, Image.self, Validate.self, Explain.self, Check.self, Keep.self,
        ])
}
