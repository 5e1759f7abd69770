// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

/// Reads a mounted Secret: one file a key.
enum CredentialFiles {
    /// Most files of a directory, and most bytes of a file.
    static let mostFiles = 128
    static let mostBytes = 64 << 10

    /// The files by their names; the links that a kubelet switches over begin with two dots and are none.
    /// - Throws: `AgentError.refused` that names the directory or the file.
    static func read(_ directory: String) throws(AgentError) -> [String: [UInt8]] {
        guard let stream = opendir(directory) else {
            throw .refused(
                command: "credentials", reason: "\(directory): \(Errno(code: errno, call: "opendir").reason)")
        }
        defer { closedir(stream) }
        var files: [String: [UInt8]] = [:]
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard !name.hasPrefix("..") && name != "." else { continue }
            guard files.count < mostFiles else {
                throw .refused(command: "credentials", reason: "\(directory) has more than \(mostFiles) files")
            }
            do throws(Errno) {
                // A pipe among the files must not hold the loop up.
                let file = try FileDescriptor.open("\(directory)/\(name)", O_RDONLY | O_NONBLOCK)
                guard try file.status().kind == .regular else { continue }
                files[name] = try file.readAll(limit: mostBytes)
            } catch {
                let reason = error.code == EFBIG ? "has more than \(mostBytes) bytes" : error.reason
                throw .refused(command: "credentials", reason: "\(directory)/\(name): \(reason)")
            }
        }
        return files
    }

    /// What these credentials come to.
    /// - Throws: `AgentError.refused` that names the directory or the file.
    static func load(_ credentials: [AgentCredential]) throws(AgentError) -> AppliedCredentials {
        var wanted = AppliedCredentials()
        for credential in credentials {
            let files = try read(credential.directory)
            switch credential.kind {
            case .authorizedKeys(let users):
                let lines = files.sorted { $0.key < $1.key }.flatMap { keys(in: $0.value) }
                for user in users { wanted.keys[user, default: []] += lines }
            case .passwords:
                for (user, bytes) in files { wanted.passwords[user] = trimmed(bytes) }
            }
        }
        return wanted
    }

    /// The lines that are neither empty nor comments.
    private static func keys(in bytes: [UInt8]) -> [String] {
        bytes.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D })
            .map { String(decoding: $0, as: UTF8.self) }
            .map { String($0.drop { $0 == " " || $0 == "\t" }) }
            .filter { !$0.isEmpty && !$0.hasPrefix("#") }
    }

    /// A file's last line end is its editor's, not the password's.
    private static func trimmed(_ bytes: [UInt8]) -> [UInt8] {
        var rest = bytes[...]
        while let last = rest.last, last == 0x0A || last == 0x0D { rest.removeLast() }
        return Array(rest)
    }
}
