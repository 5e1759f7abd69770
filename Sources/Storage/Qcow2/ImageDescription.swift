// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Linux

/// What can be said of an image without reading its data.
public struct ImageDescription {
    /// Its path.
    public let file: String
    /// How its bytes lie in the file.
    public let format: ImageChain.Part.Format
    /// Size of the disk in bytes.
    public let virtualBytes: UInt64
    /// Bytes that the file takes up on its medium.
    public let allocatedBytes: UInt64
    /// The header of a qcow2 image.
    public let header: Qcow2Header?
    /// The snapshots in a qcow2 image.
    public let snapshots: [Qcow2Snapshots.Snapshot]

    /// Reads an image's header, whoever uses the image.
    /// - Throws: `ImageError` or `Qcow2Error`.
    public init(_ path: String) throws {
        let image = try ImageFile.open(path, readOnly: true, lock: .unlocked, end: .zeros)
        let metadata = try OpenMetadataFile(image)
        file = path
        format = try ImageLocator.format(of: image)
        var status = stat()
        try Errno.check(unsafe clinux_fstat(image.descriptor.raw, &status), "fstat")
        allocatedBytes = UInt64(max(status.st_blocks, 0)) * 512
        if format == .qcow2 {
            let header = try Qcow2Image.readHeader(of: metadata, name: path)
            self.header = header
            virtualBytes = header.size
            snapshots = try Qcow2Snapshots.read(from: metadata, header, name: path).all
        } else {
            header = nil
            virtualBytes = image.properties.capacity
            snapshots = []
        }
    }

    /// The features of a qcow2 image by their names.
    public var features: [String] {
        guard let header else { return [] }
        let fields: [(Qcow2Feature.Field, UInt64)] = [
            (.incompatible, header.incompatible), (.compatible, header.compatible), (.autoclear, header.autoclear),
        ]
        return Qcow2Feature.names.filter { name in
            fields.contains { $0.0 == name.field && $0.1 >> UInt64(name.bit) & 1 != 0 }
        }.map(\.name)
    }
}
