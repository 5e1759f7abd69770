// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Supervisor
import VMISpec

/// The virtual machines of this user: a file each in `$XDG_STATE_HOME/apus`, or `~/.local/state/apus`.
///
/// Whoever keeps a machine running holds the lock of the file beside it, which has his process id for `apus stop`.
struct MachineStore {
    /// Where the files are.
    let folder: String

    /// The store of this user.
    /// - Throws: `SupervisorError` when there is no place for it.
    static func open(environment: [String: String] = SiblingProgram.environment) throws(SupervisorError) -> MachineStore
    {
        let base: String
        if let state = environment["XDG_STATE_HOME"], state.hasPrefix("/") {
            base = state
        } else if let home = environment["HOME"], home.hasPrefix("/") {
            base = "\(home)/.local/state"
        } else {
            throw SupervisorError("There is no place to keep virtual machines; set HOME or XDG_STATE_HOME")
        }
        var path = ""
        for part in "\(base)/apus".split(separator: "/") {
            path += "/\(part)"
            guard mkdir(path, 0o700) == 0 || errno == EEXIST || errno == EROFS || errno == EACCES else {
                throw SupervisorError("\(path) cannot be made: \(Errno(code: errno, call: "mkdir").reason)")
            }
        }
        return MachineStore(folder: path)
    }

    /// The keys, NAMESPACE_NAME, of all machines in order.
    var keys: [String] {
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var keys: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.hasSuffix(".json"), name.contains("_") { keys.append(String(name.dropLast(5))) }
        }
        return keys.sorted()
    }

    /// The key of a machine's name, which may be written NAMESPACE/NAME; nil when there is none.
    /// - Throws: `SupervisorError` when there are several of that name.
    func key(of name: String) throws(SupervisorError) -> String? {
        let parts = name.split(separator: "/", maxSplits: 1)
        let found = keys.filter { key in
            parts.count == 2 ? key == "\(parts[0])_\(parts[1])" : key.drop { $0 != "_" } == "_\(name)"
        }
        guard found.count < 2 else {
            throw SupervisorError("Several virtual machines are called \(name); write NAMESPACE/\(name)")
        }
        return found.first
    }

    /// Reads a machine.
    /// - Throws: `SupervisorError` that names the file.
    func read(_ key: String) throws(SupervisorError) -> MachineRecord {
        let path = "\(folder)/\(key).json"
        let bytes: [UInt8]
        do throws(Errno) { bytes = try FileDescriptor.open(path, O_RDONLY).readAll(limit: 16 << 20) } catch {
            throw SupervisorError("\(path) cannot be read: \(error.reason)")
        }
        do {
            return try MachineRecord(
                try JSONValue(parsing: bytes, limits: JSONLimits(bytes: 16 << 20, depth: 100, values: 250_000)))
        } catch {
            throw SupervisorError("\(path): \(error)")
        }
    }

    /// Writes a machine, whole or not at all.
    /// - Throws: `SupervisorError` that names the file.
    func write(_ record: MachineRecord, as key: String) throws(SupervisorError) {
        let path = "\(folder)/\(key).json"
        do throws(Errno) {
            try FileDescriptor.open("\(path).new", O_WRONLY | O_CREAT | O_TRUNC).writeAll(
                record.json.encoded(indentation: 2))
        } catch {
            throw SupervisorError("\(path) cannot be written: \(error.reason)")
        }
        rename("\(path).new", path)
    }

    /// Forgets a machine.
    func remove(_ key: String) {
        unlink("\(folder)/\(key).json")
        unlink("\(folder)/\(key).lock")
    }

    /// Takes the machine as its keeper, until the descriptor is closed; nil when somebody keeps it already.
    func keep(_ key: String) -> FileDescriptor? {
        guard let lock = try? FileDescriptor.open("\(folder)/\(key).lock", O_RDWR | O_CREAT),
            (try? lock.lock(exclusively: true)) != nil
        else { return nil }
        try? lock.truncate(to: 0)
        try? lock.writeAll(Array("\(CurrentProcess.id)\n".utf8))
        return lock
    }

    /// The process that keeps a machine, if there is one.
    func keeper(of key: String) -> Int32? {
        guard let lock = try? FileDescriptor.open("\(folder)/\(key).lock", O_RDWR) else { return nil }
        if (try? lock.lock(exclusively: true)) != nil { return nil }
        guard let bytes = try? lock.readAll(limit: 32) else { return nil }
        return Int32(String(decoding: bytes.prefix { $0 != 0x0A }, as: UTF8.self))
    }
}
