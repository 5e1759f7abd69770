// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Storage

/// `apus image`.
struct Image: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make, look into, check, resize and convert disk images.",
        subcommands: [
            ImageCreate.self, ImageInfo.self, ImageResize.self, ImageCheck.self, ImageConvert.self,
        ])
}

/// What people call a format.
enum ImageFormatName: String, CaseIterable, ExpressibleByArgument {
    case raw, qcow2

    var format: ImageChain.Part.Format { self == .raw ? .raw : .qcow2 }

    /// What a file's name says; raw unless it ends in `.qcow2`.
    init(path: String) { self = path.hasSuffix(".qcow2") || path.hasSuffix(".qcow") ? .qcow2 : .raw }
}
