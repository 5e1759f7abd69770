// SPDX-License-Identifier: Apache-2.0

internal import Linux

/// A qcow2 image and all that lies below it, top first: what one disk is made of.
public final class ImageChain: Sendable {
    /// One layer.
    public enum Layer: Sendable {
        /// The bytes of a file, by its index and size in bytes.
        case raw(file: Int, bytes: UInt64)
        /// An image by the indices of its own file and of the file with its data, which may be the same.
        case qcow2(Qcow2Image, file: Int, dataFile: Int)
    }

    /// An open layer on the way to a chain.
    public struct Part: Sendable {
        /// The layer's format: always said, never guessed, because a guest may have written what is in a raw file.
        public enum Format: Sendable { case raw, qcow2 }

        /// How its bytes are to be taken.
        public var format: Format
        /// Its file; a qcow2 image's is opened to read as zeros behind its end.
        public var file: ImageFile
        /// The file with its data, where that is another one.
        public var dataFile: ImageFile?
        /// What errors call it.
        public var name: String

        /// An open layer.
        public init(format: Format, file: ImageFile, dataFile: ImageFile? = nil, name: String) {
            self.format = format
            self.file = file
            self.dataFile = dataFile
            self.name = name
        }
    }

    /// Top first.
    public let layers: [Layer]
    /// The files in the order that an engine's table must have.
    public let files: [ImageFile]
    /// The image on top.
    public let image: Qcow2Image

    /// A chain of layers whose files somebody else keeps open.
    /// - Throws: `Qcow2Error` when there is a layer too many or one is missing.
    public init(_ layers: [Layer], files: [ImageFile] = []) throws(Qcow2Error) {
        guard case .qcow2(let image, _, _) = layers.first else {
            throw Qcow2Error("disk", "its first layer is no qcow2 image; serve it as a raw disk")
        }
        for (index, layer) in layers.enumerated() {
            let isLast = index == layers.count - 1
            switch layer {
            case .raw(_, _):
                guard isLast else { throw Qcow2Error(image.name, "has a layer below a raw one; pass one layer fewer") }
            case .qcow2(let image, _, _):
                let backing = image.currentHeader.backing
                if isLast, let backing {
                    throw Qcow2Error(image.name, "needs its backing file \(backing); pass it too")
                }
                if !isLast && backing == nil { throw Qcow2Error(image.name, "has no backing file; pass none for it") }
            }
        }
        self.layers = layers
        self.files = files
        self.image = image
    }

    /// Reads the headers of open files, the top one to be written unless `readOnly`, all others only to be read.
    /// - Throws: `Qcow2Error`.
    public convenience init(
        _ parts: [Part], readOnly: Bool, cacheBytes: Int = 32 << 20, repairsDirty: Bool = true
    ) throws(Qcow2Error) {
        var layers: [Layer] = []
        var files: [ImageFile] = []
        for (index, part) in parts.enumerated() {
            let own = files.count
            files.append(part.file)
            switch part.format {
            case .raw: layers.append(.raw(file: own, bytes: part.file.bytes))
            case .qcow2:
                if let dataFile = part.dataFile { files.append(dataFile) }
                let metadata: OpenMetadataFile
                var data: OpenMetadataFile?
                do throws(Errno) {
                    metadata = try OpenMetadataFile(part.file)
                    if let dataFile = part.dataFile { data = try OpenMetadataFile(dataFile) }
                } catch { throw Qcow2Error(part.name, "cannot be read (\(error))") }
                let image = try Qcow2Image(
                    metadata, dataFile: data, name: part.name, readOnly: readOnly || index > 0, cacheBytes: cacheBytes,
                    repairsDirty: repairsDirty)
                layers.append(.qcow2(image, file: own, dataFile: files.count - 1))
            }
        }
        try self.init(layers, files: files)
    }
}
