// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Volumes

/// The directory of one running instance: its sockets, its manifest, its log and the lock that says it runs.
///
/// `$XDG_RUNTIME_DIR/apus/NAMESPACE_NAME` or `/run/apus/NAMESPACE_NAME`, for its owner's eyes only. It goes away with
/// this value. What a supervisor that was killed left behind has a free lock, and is removed by whoever finds it.
public struct RuntimeDirectory: ~Copyable {
    /// Its absolute path.
    public let path: String
    private let lock: FileDescriptor

    /// The names of the files in it.
    public enum File: String, CaseIterable, Sendable {
        case control = "control.sock"
        case serial = "virt-serial0"
        case serialLog = "virt-serial0-log"
        case launcherConsole = "launcher-console.sock"
        case status = "status.json"
        case manifest = "vmi.json"
        case log = "log"
        case lock = "lock"
    }

    /// Where the directories of all instances of this user are.
    public static func base(environment: [String: String]) -> String {
        if let folder = environment["XDG_RUNTIME_DIR"], folder.hasPrefix("/") {
            return (folder.hasSuffix("/") ? String(folder.dropLast()) : folder) + "/apus"
        }
        return "/run/apus"
    }

    /// The name of an instance's directory.
    public static func name(_ name: String, namespace: String) -> String { "\(namespace)_\(name)" }

    /// Makes the directory of an instance, or takes over that of one that is no more.
    /// - Throws: `SupervisorError`; when the instance runs already it says so.
    public init(_ name: String, namespace: String, in base: String) throws(SupervisorError) {
        try Self.prepare(base)
        let place = "\(base)/\(Self.name(name, namespace: namespace))"
        lock = try Self.claim(place, called: name)
        path = place
        Self.empty(place)
        // For people and scripts; the lock is what counts.
        try? lock.truncate(to: 0)
        try? lock.writeAll(Array("\(CurrentProcess.id)\n".utf8))
    }

    deinit { Self.remove(path) }

    /// The path of a file in it.
    public func file(_ file: File) -> String { "\(path)/\(file.rawValue)" }

    /// Removes an instance's directory when nobody holds its lock; says whether it is gone.
    public static func sweep(_ path: String) -> Bool {
        guard let lock = try? FileDescriptor.open("\(path)/\(File.lock.rawValue)", O_RDWR) else {
            return rmdir(path) == 0
        }
        do throws(Errno) { try lock.lock(exclusively: true) } catch { return false }
        guard isCurrent(lock, path) else { return false }
        empty(path)
        remove(path)
        return true
    }

    private static func prepare(_ base: String) throws(SupervisorError) {
        guard mkdir(base, 0o700) == 0 || errno == EEXIST else {
            let reason = Errno(code: errno, call: "mkdir").reason
            throw SupervisorError(
                "The runtime directory \(base) cannot be made: \(reason); set XDG_RUNTIME_DIR to a directory of yours")
        }
        var status = stat()
        guard lstat(base, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid(),
            status.st_mode & 0o022 == 0
        else {
            throw SupervisorError(
                "The runtime directory \(base) is not a directory that only this user can write to; remove it")
        }
    }

    /// The lock of the directory, made where it was missing.
    private static func claim(_ path: String, called name: String) throws(SupervisorError) -> FileDescriptor {
        // Another supervisor may remove the directory between two of these steps; each such turn is one end of another.
        for _ in 0..<1000 {
            guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
                throw SupervisorError("\(path) cannot be made: \(Errno(code: errno, call: "mkdir").reason)")
            }
            let lock: FileDescriptor
            do throws(Errno) {
                lock = try .open("\(path)/\(File.lock.rawValue)", O_RDWR | O_CREAT | O_NOFOLLOW)
            } catch {
                if error.code == ENOENT { continue }
                throw SupervisorError("\(path)/\(File.lock.rawValue) cannot be opened: \(error.reason)")
            }
            do throws(Errno) { try lock.lock(exclusively: true) } catch {
                throw SupervisorError(
                    "A VM called \(name) runs already; stop it (apus stop \(name)) or choose another name (--name)")
            }
            if isCurrent(lock, path) { return lock }
        }
        throw SupervisorError("\(path) is made and removed by others all the time; try again")
    }

    /// Whether the lock file is still the one at the path.
    private static func isCurrent(_ lock: borrowing FileDescriptor, _ path: String) -> Bool {
        var held = stat()
        var there = stat()
        return fstat(lock.raw, &held) == 0 && lstat("\(path)/\(File.lock.rawValue)", &there) == 0
            && held.st_ino == there.st_ino && held.st_dev == there.st_dev
    }

    /// Removes everything but the lock; nothing in here is a directory of depth.
    private static func empty(_ path: String) {
        MadeFiles.remove(of: path)
        guard let directory = opendir(path) else { return }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != "..", name != File.lock.rawValue { names.append("\(path)/\(name)") }
        }
        for name in names where unlink(name) != 0 {
            empty(name)
            rmdir(name)
        }
    }

    /// Removes everything; the lock file goes last, and who holds it until then keeps others out.
    private static func remove(_ path: String) {
        empty(path)
        unlink("\(path)/\(File.lock.rawValue)")
        rmdir(path)
    }
}
