// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import VMISpec

/// An image as skopeo leaves it in a folder: a manifest, and each layer in a tar archive.
struct UnpackedImage {
    private let layers: [String]
    private let name: String
    private var stack = LayerStack()

    /// Reads what is in the layers.
    /// - Throws: `VolumeError`.
    init(folder: String, name: String, field: String) throws(VolumeError) {
        self.name = name
        let manifest: JSONValue
        do {
            let bytes = try FileDescriptor.open("\(folder)/manifest.json", O_RDONLY)
                .readAll(limit: JSONLimits.manifest.bytes)
            manifest = try JSONValue(parsing: bytes)
        } catch {
            throw VolumeError("\(field).image", "\(name) has no manifest that can be read: \(error)")
        }
        var layers: [String] = []
        while let layer = manifest["layers"]?[layers.count] {
            guard let digest = layer["digest"]?.stringValue, ImageCache.isDigest(digest) else {
                throw VolumeError("\(field).image", "\(name) has a layer without a SHA-256 digest; build it again")
            }
            layers.append("\(folder)/\(digest.dropFirst(7))")
        }
        for (index, layer) in layers.enumerated() {
            let file = try Self.open(layer, name, field)
            guard let archive = LayerArchive(file) else { continue }
            stack.add(try archive.entries(name: "layer \(index) of \(name)", field: "\(field).image"), layer: index)
        }
        self.layers = layers
    }

    private static func open(_ path: String, _ name: String, _ field: String) throws(VolumeError) -> FileDescriptor {
        do throws(Errno) { return try .open(path, O_RDONLY | O_NOFOLLOW) } catch {
            throw VolumeError("\(field).image", "a layer of \(name) cannot be read: \(error.reason)")
        }
    }

    /// Copies the disk into a new file, its zeros left out.
    /// - Parameter path: where it lies in the image, or nil for the only file in `/disk`.
    /// - Throws: `VolumeError`.
    func extract(_ path: String?, to target: String, field: String) throws(VolumeError) {
        let wanted: String
        if let path {
            wanted = path
        } else {
            wanted = try DiskName.only(of: stack.names(in: [DiskName.folder]), in: name, field: field)
        }
        guard let found = stack.files[wanted.split(separator: "/").map(String.init)] else {
            throw VolumeError("\(field).path", "\(name) has no file \(wanted); correct the path")
        }
        let source = try Self.open(layers[found.layer], name, field)
        do throws(Errno) {
            let copy = try FileDescriptor.open(target, O_RDWR | O_CREAT | O_EXCL, mode: 0o400)
            try copy.truncate(to: Int64(clamping: found.bytes))
            var chunk = [UInt8](repeating: 0, count: 1 << 20)
            var done: UInt64 = 0
            while done < found.bytes {
                let count = Int(min(UInt64(chunk.count), found.bytes - done))
                let read = chunk.withUnsafeMutableBytes {
                    pread(source.raw, $0.baseAddress, count, Int(found.offset + done))
                }
                guard read == count else { throw Errno(code: read < 0 ? errno : EIO, call: "pread") }
                let isZero = chunk.withUnsafeBytes { $0.prefix(count).allSatisfy { $0 == 0 } }
                if !isZero {
                    let wrote = chunk.withUnsafeBytes { pwrite(copy.raw, $0.baseAddress, count, Int(done)) }
                    guard wrote == count else { throw Errno(code: wrote < 0 ? errno : ENOSPC, call: "pwrite") }
                }
                done += UInt64(count)
            }
        } catch {
            throw VolumeError(field, "the disk of \(name) cannot be copied to \(target): \(error.reason)")
        }
        let copy = try Self.open(target, name, field)
        _ = try Overlay.judge(copy, at: "\(name)\(wanted)", field: field)
    }
}
