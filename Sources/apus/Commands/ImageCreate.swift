// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Storage

/// `apus image create FILE [SIZE]`.
struct ImageCreate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Make an empty disk image, or an overlay of another.",
        discussion: """
            The format follows the name (.qcow2, otherwise raw) unless -f says it. An overlay is always qcow2, and as \
            large as what lies below it unless SIZE says otherwise. Options of -o, separated by commas: cluster_size, \
            refcount_bits, compat, lazy_refcounts, extended_l2, data_file, data_file_raw.
            """)

    @Argument(help: "The file to make; it must not exist.")
    var file: String

    @Argument(help: "Size, for example 10G.")
    var size: ImageSize?

    @Option(name: .shortAndLong, help: "raw or qcow2.")
    var format: ImageFormatName?

    @Option(name: .shortAndLong, help: "The image that the new one is an overlay of.")
    var backing: String?

    @Option(name: [.customShort("F"), .long], help: "The backing image's format.")
    var backingFormat: ImageFormatName?

    @Option(name: .shortAndLong, help: "Options of the format.")
    var option: [String] = []

    func run() throws {
        try Output.reporting {
            let format = format ?? (backing == nil ? ImageFormatName(path: file) : .qcow2)
            guard format == .qcow2 || (backing == nil && option.isEmpty) else {
                throw Qcow2Error(file, "is raw, which has neither options nor a backing file; take -f qcow2")
            }
            if let size, size.change != nil { throw Qcow2Error(file, "has no size yet; leave the sign away") }
            switch format {
            case .raw:
                guard let size else { throw Qcow2Error(file, "needs a size, for example 10G") }
                try NewImage.raw(file, bytes: size.bytes)
            case .qcow2:
                var creation = Qcow2Creation(size: size?.bytes ?? 0)
                if let backing {
                    let below = try NewImage.look(at: backing, from: file, format: backingFormat?.format)
                    if size == nil { creation.size = below.bytes }
                    creation.backing = backing
                    creation.backingFormat = below.format == .raw ? "raw" : "qcow2"
                } else if size == nil {
                    throw Qcow2Error(file, "needs a size, for example 10G")
                }
                try ImageOptions.apply(option, to: &creation, of: file)
                try NewImage.qcow2(file, creation)
            }
        }
    }
}
