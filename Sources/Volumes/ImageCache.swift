// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import VMISpec

/// Disks from container images, fetched by skopeo and kept by the images' digests.
struct ImageCache {
    /// Where they are kept.
    let directory: String
    /// The program that fetches images.
    let skopeo: Tool
    /// The file with the registry's password, if one is named.
    let login: String?

    /// The transports of a reference that a person may give (containers-transports(5)).
    static let transports = ["docker://", "oci:", "oci-archive:", "docker-archive:", "dir:"]

    /// The path of the disk of an image; it is fetched unless it is here.
    /// - Parameter path: where the disk lies in the image, or nil for the only file in `/disk`.
    /// - Throws: `VolumeError`.
    func disk(
        of reference: String, at path: String?, policy: ImagePullPolicy, field: String
    ) throws(VolumeError) -> String {
        do throws(Errno) { _ = try FileTree.makeDirectories(of: "\(directory)/references/x", in: "") } catch {
            throw VolumeError(field, "the cache \(directory) cannot be made: \(error.reason); set XDG_CACHE_HOME")
        }
        let isRemote = reference.hasPrefix("docker://")
        let note = "\(directory)/references/\(Self.fileName(reference))"
        let name = Self.fileName(path ?? DiskName.folder) + ".img"
        if isRemote, policy != .always, let known = Self.digest(in: note) {
            let disk = "\(directory)/\(known)/\(name)"
            if access(disk, R_OK) == 0 { return disk }
        }
        guard !isRemote || policy != .never else {
            throw VolumeError(
                "\(field).imagePullPolicy",
                "the image is not in the cache and policy Never forbids to fetch it; use IfNotPresent or --image")
        }
        let digest = try digest(of: reference, field: field)
        let disk = "\(directory)/\(digest)/\(name)"
        if access(disk, R_OK) != 0 {
            let pinned = isRemote ? Self.pinned(reference, digest) : reference
            try fetch(pinned, at: path, to: disk, field: field)
        }
        do throws(Errno) {
            try FileDescriptor.open(note, O_WRONLY | O_CREAT | O_TRUNC).writeAll(Array(digest.utf8))
        } catch { throw VolumeError(field, "\(note) cannot be written: \(error.reason)") }
        return disk
    }

    private var common: [String] { login.map { ["--authfile", $0] } ?? [] }

    private func digest(of reference: String, field: String) throws(VolumeError) -> String {
        let said = try skopeo.run(
            ["--override-os", "linux", "--override-arch", "amd64", "inspect", "--no-tags", "--format", "{{.Digest}}"]
                + common + [reference],
            to: "look at \(reference)", field: "\(field).image")
        let digest = said.split(whereSeparator: \.isWhitespace).joined()
        guard Self.isDigest(digest) else {
            throw VolumeError("\(field).image", "skopeo told no digest of \(reference); update skopeo")
        }
        return digest
    }

    private func fetch(_ reference: String, at path: String?, to disk: String, field: String) throws(VolumeError) {
        sweep()
        let folder = "\(directory)/fetch-\(CurrentProcess.id)"
        FileTree.remove(folder)
        defer { FileTree.remove(folder) }
        do throws(Errno) { try FileTree.makeDirectory(folder) } catch {
            throw VolumeError(field, "\(folder) cannot be made: \(error.reason)")
        }
        // skopeo holds every layer against its digest, and unpacks it so that the disk can be read where it lies.
        try skopeo.run(
            [
                "--override-os", "linux", "--override-arch", "amd64", "copy", "--quiet", "--dest-decompress",
            ] + (login.map { ["--src-authfile", $0] } ?? []) + [reference, "dir:\(folder)/image"],
            to: "fetch \(reference)", field: "\(field).image")
        let layers = try UnpackedImage(folder: "\(folder)/image", name: reference, field: field)
        let made = "\(folder)/disk"
        try layers.extract(path, to: made, field: field)
        do throws(Errno) {
            _ = try FileTree.makeDirectories(of: disk, in: "")
            guard rename(made, disk) == 0 else { throw Errno(code: errno, call: "rename") }
        } catch { throw VolumeError(field, "\(disk) cannot be made: \(error.reason)") }
    }

    /// Removes what a fetch that was killed left behind.
    private func sweep() {
        for name in (try? FileTree.names(in: directory)) ?? [] where name.hasPrefix("fetch-") {
            guard let id = Int32(name.dropFirst(6)), kill(id, 0) != 0, errno == ESRCH else { continue }
            FileTree.remove("\(directory)/\(name)")
        }
    }

    private static func digest(in note: String) -> String? {
        guard let file = try? FileDescriptor.open(note, O_RDONLY), let bytes = try? file.readAll(limit: 256) else {
            return nil
        }
        let digest = String(decoding: bytes, as: UTF8.self)
        return isDigest(digest) ? digest : nil
    }

    static func isDigest(_ text: String) -> Bool {
        text.hasPrefix("sha256:") && text.utf8.count == 71
            && text.dropFirst(7).utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    }

    /// The reference of exactly that image, even if its tag moves meanwhile.
    private static func pinned(_ reference: String, _ digest: String) -> String {
        var name = reference.split(separator: "@", maxSplits: 1).first.map(String.init) ?? reference
        if let colon = name.lastIndex(of: ":"), !name[colon...].contains("/") { name = String(name[..<colon]) }
        return "\(name)@\(digest)"
    }

    /// A file name that says the same: no two texts have one.
    private static func fileName(_ text: String) -> String {
        text.utf8.map { byte in
            let isPlain = (48...57).contains(byte) || (97...122).contains(byte) || (65...90).contains(byte)
            return isPlain || byte == 45 ? String(UnicodeScalar(byte)) : "%" + String(byte, radix: 16)
        }.joined()
    }
}
