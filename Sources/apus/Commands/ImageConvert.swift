// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Glibc
import Linux
import Storage

/// `apus image convert SOURCE DESTINATION`.
struct ImageConvert: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convert", abstract: "Copy a disk image into another format.",
        discussion: """
            The source's format is found by its contents unless -f says it; what lies below an overlay is copied too. \
            The destination's follows its name (.qcow2, otherwise raw) unless -O says it. Zeros take no room.
            """)

    @Argument(help: "The image to read.")
    var source: String

    @Argument(help: "The file to make; it must not exist.")
    var destination: String

    @Option(name: .shortAndLong, help: "The source's format.")
    var format: ImageFormatName?

    @Option(name: [.customShort("O"), .long], help: "The destination's format.")
    var outputFormat: ImageFormatName?

    @Option(name: .shortAndLong, help: "Options of the destination's format.")
    var option: [String] = []

    func run() throws {
        try Output.reporting {
            var from = try OpenDisk(source, readOnly: true, format: format?.format)
            let output = outputFormat ?? ImageFormatName(path: destination)
            switch output {
            case .raw:
                guard option.isEmpty else {
                    throw Qcow2Error(destination, "is raw, which has no options; take -O qcow2")
                }
                try NewImage.raw(destination, bytes: from.capacity)
            case .qcow2:
                var creation = Qcow2Creation(size: from.capacity)
                try ImageOptions.apply(option, to: &creation, of: destination)
                try NewImage.qcow2(destination, creation)
            }
            do {
                var to = try OpenDisk(destination, readOnly: false, format: output.format)
                let bar = ProgressBar("converting")
                defer { bar.end() }
                try ImageConversion.copy(&from, to: &to, progress: bar.show)
                try to.close()
            } catch {
                // Half a copy is none.
                unlink(destination)
                throw (error as? Errno).map { Qcow2Error(destination, "cannot be written (\($0))") } ?? error
            }
        }
    }
}
