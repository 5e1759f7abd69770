// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

/// Unix sockets at paths that may be longer than the 107 bytes of `sockaddr_un`.
public enum SocketPath {
    private static let limit = 107

    /// Binds a socket in a directory and listens.
    /// - Throws: `Errno` of `open`, `socket`, `bind` or `listen`.
    public static func listen(_ name: String, in directory: String) throws(Errno) -> UnixSocket {
        try UnixSocket.listen(try short(name, in: directory).path)
    }

    /// Connects to a socket in a directory.
    /// - Throws: `Errno` of `open`, `socket` or `connect`.
    public static func connect(_ name: String, in directory: String) throws(Errno) -> UnixSocket {
        try UnixSocket.connect(try short(name, in: directory).path)
    }

    /// The path by way of a descriptor of the directory, which must live as long as the path is used.
    private struct Short: ~Copyable {
        let path: String
        let directory: FileDescriptor
    }

    private static func short(_ name: String, in directory: String) throws(Errno) -> Short {
        let opened = try FileDescriptor.open(directory, O_RDONLY | O_DIRECTORY)
        let whole = "\(directory)/\(name)"
        let path = whole.utf8.count <= limit ? whole : "/proc/self/fd/\(opened.raw)/\(name)"
        return Short(path: path, directory: opened)
    }
}
