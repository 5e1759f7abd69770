// SPDX-License-Identifier: Apache-2.0

/// What the layers of a container image come to, one laid over the other (OCI image specification, "Image Layer
/// Filesystem Changeset").
struct LayerStack {
    /// A file, by the layer that holds it.
    struct File: Equatable {
        var layer: Int
        var offset: UInt64
        var bytes: UInt64
    }

    private static let whiteout = ".wh."
    private static let opaque = ".wh..wh..opq"

    /// The files by the parts of their paths.
    private(set) var files: [[String]: File] = [:]

    /// Lays a layer over those before it.
    mutating func add(_ entries: [LayerArchive.Entry], layer: Int) {
        // What a layer removes, it removes from the ones below only, wherever it says so.
        for entry in entries {
            guard let name = entry.path.last, name.hasPrefix(Self.whiteout) else { continue }
            let folder = Array(entry.path.dropLast())
            if name == Self.opaque {
                remove(below: folder)
            } else {
                remove(folder + [String(name.dropFirst(Self.whiteout.count))])
            }
        }
        for entry in entries where entry.path.last?.hasPrefix(Self.whiteout) == false {
            if !entry.isFolder { remove(entry.path) } else { files[entry.path] = nil }
            if entry.isFile { files[entry.path] = File(layer: layer, offset: entry.offset, bytes: entry.bytes) }
        }
    }

    /// The names of the files of a folder.
    func names(in folder: [String]) -> [String] {
        files.keys.filter { $0.count == folder.count + 1 && $0.starts(with: folder) }.compactMap(\.last).sorted()
    }

    private mutating func remove(_ path: [String]) {
        files[path] = nil
        remove(below: path)
    }

    private mutating func remove(below folder: [String]) {
        files = files.filter { !($0.key.count > folder.count && $0.key.starts(with: folder)) }
    }
}
