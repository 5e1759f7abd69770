// SPDX-License-Identifier: Apache-2.0

public import Control
import Linux

/// The open files of a volume and how each is to be read, the one on top first.
public struct VolumeDisk: ~Copyable {
    /// The formats of the files, in their order; only the first file may be written to.
    public let formats: [ImageFormat]
    /// The files, open and locked.
    public var files: DescriptorBundle

    init(_ top: consuming FileDescriptor, _ format: ImageFormat = .raw) {
        formats = [format]
        var files = DescriptorBundle()
        _ = files.add(top)
        self.files = files
    }

    init(overlay: consuming FileDescriptor, over lower: consuming FileDescriptor, _ format: ImageFormat) {
        formats = [.qcow2, format]
        var files = DescriptorBundle()
        _ = files.add(overlay)
        _ = files.add(lower)
        self.files = files
    }
}
