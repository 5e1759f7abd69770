// SPDX-License-Identifier: Apache-2.0

public import Linux

/// Opens images by their paths, with all that lies below them.
public enum ImageLocator {
    /// The format of a file that nobody has said anything about, by its contents.
    /// - Throws: `Errno` of `pread`.
    public static func format(of file: ImageFile) throws(Errno) -> ImageChain.Part.Format {
        let start = try OpenMetadataFile(file).bytes(at: 0, count: 8)
        return Qcow2Header.isQcow2(start) ? .qcow2 : .raw
    }

    /// Opens an image and all that lies below it, top first.
    ///
    /// Only the topmost format may be found by contents. What an image says of its backing file is taken; an image that
    /// does not say it is refused where the contents might be a guest's invention.
    /// - Parameters:
    ///   - format: the top image's; nil finds it by its contents.
    ///   - lock: how the top image is locked; nil chooses by `readOnly`. Lower layers are locked against writers.
    /// - Throws: `ImageError` or `Qcow2Error`.
    public static func open(
        _ path: String, readOnly: Bool, format: ImageChain.Part.Format? = nil, lock: ImageLock? = nil
    ) throws -> [ImageChain.Part] {
        var parts: [ImageChain.Part] = []
        var seen: [FileIdentity] = []
        var next: (path: String, format: ImageChain.Part.Format?)? = (path, format)
        while let (path, said) = next {
            let isTop = parts.isEmpty
            let file = try ImageFile.open(
                path, readOnly: readOnly || !isTop, lock: isTop ? lock : nil, end: .zeros)
            let identity = try file.identity()
            guard !seen.contains(identity) else {
                throw Qcow2Error(path, "is below itself in a chain of backing files; rebase one of them")
            }
            seen.append(identity)
            let found = try self.format(of: file)
            if !isTop, said == nil, found == .qcow2 {
                throw Qcow2Error(
                    parts[parts.count - 1].name,
                    "does not say its backing file's format; set it with qemu-img rebase -u -F FORMAT -b \(path)")
            }
            var part = ImageChain.Part(format: said ?? found, file: file, name: path)
            next = nil
            if part.format == .qcow2 {
                let header = try Qcow2Image.readHeader(of: try OpenMetadataFile(file), name: path)
                if header.hasDataFile {
                    guard let name = header.dataFile else {
                        throw Qcow2Error(path, "does not say where its data file is; name it in the image")
                    }
                    part.dataFile = try ImageFile.open(
                        try resolve(name, from: path), readOnly: readOnly || !isTop, end: .zeros)
                }
                if let backing = header.backing {
                    let format = try header.backingFormat.map { try self.format(named: $0, of: path) }
                    next = (try resolve(backing, from: path), format)
                }
            }
            parts.append(part)
        }
        return parts
    }

    /// A format by its name.
    /// - Throws: `Qcow2Error` for others than raw and qcow2.
    public static func format(named name: String, of path: String) throws(Qcow2Error) -> ImageChain.Part.Format {
        switch name {
        case "raw", "file", "host_device": .raw
        case "qcow2": .qcow2
        default: throw Qcow2Error(path, "format \"\(name)\" is not supported; convert it to raw or qcow2")
        }
    }

    /// The path of a file that an image names, from the image's directory.
    /// - Throws: `Qcow2Error` for what is no file.
    public static func resolve(_ name: String, from image: String) throws(Qcow2Error) -> String {
        var name = name[...]
        if name.hasPrefix("file:") { name = name.dropFirst(5) }
        // A colon before any slash names a protocol.
        if let colon = name.firstIndex(of: ":"), !name[..<colon].contains("/") {
            throw Qcow2Error(image, "lies on \"\(name)\", which is no file; copy it to one")
        }
        if name.hasPrefix("/") { return String(name) }
        guard let slash = image.lastIndex(of: "/") else { return String(name) }
        return String(image[...slash]) + name
    }
}
