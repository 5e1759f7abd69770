// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import VMISpec

/// What one pod interface was before it was taken over and what stands around it since: written before the first
/// change, removed after the last one was undone. Who holds its lock is alive; a free lock means a crash.
final class NetworkJournal {
    /// What there is to undo.
    struct Entry: Equatable {
        /// The names of all devices.
        var names: PodInterfaceNames
        /// How the interface was attached.
        var isMasquerade: Bool
        /// The pod interface as it was.
        var index: UInt32
        var hardwareAddress: [UInt8]
        var wasUp: Bool
        var forwardsIPv4: Bool
        var addressGeneration: UInt8
        var addresses: [[UInt8]]
        var routes: [[UInt8]]
        /// Files of /proc/sys and what was in them.
        var settings: [String: String]
    }

    /// What there is to undo; nil before anything was written.
    private(set) var entry: Entry?
    private let path: String
    private let file: FileDescriptor

    private init(_ path: String, _ file: consuming FileDescriptor) {
        self.path = path
        self.file = file
    }

    /// Opens and locks the journal of a pod interface, made where there is none.
    /// - Throws: `Errno`; EAGAIN when another process holds it.
    static func open(_ podInterface: String, namespace: UInt64, in directory: String) throws(Errno) -> NetworkJournal {
        for part in directory.parents where mkdir(part, 0o755) != 0 && errno != EEXIST {
            throw Errno(code: errno, call: "mkdir")
        }
        let path = "\(directory)/\(namespace)-\(podInterface).json"
        // The holder before us may remove the file between our opening and locking it.
        for _ in 0..<1000 {
            let file = try FileDescriptor.open(path, O_RDWR | O_CREAT | O_NOFOLLOW)
            try file.lock(exclusively: true)
            guard isCurrent(file, path) else { continue }
            let journal = NetworkJournal(path, file)
            journal.load()
            return journal
        }
        throw Errno(code: EAGAIN, call: "fcntl")
    }

    /// The pod interfaces of a network namespace that have a journal.
    static func podInterfaces(namespace: UInt64, in directory: String) -> [String] {
        guard let folder = opendir(directory) else { return [] }
        defer { closedir(folder) }
        var found: [String] = []
        let (prefix, suffix) = ("\(namespace)-", ".json")
        while let file = readdir(folder) {
            let name = withUnsafePointer(to: &file.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.hasPrefix(prefix), name.hasSuffix(suffix), name.utf8.count > prefix.utf8.count + suffix.utf8.count {
                found.append(String(name.dropFirst(prefix.count).dropLast(suffix.count)))
            }
        }
        return found.sorted()
    }

    /// Writes down what there will be to undo.
    /// - Throws: `Errno` of `write`.
    func write(_ entry: Entry) throws(Errno) {
        self.entry = entry
        try file.truncate(to: 0)
        lseek(file.raw, 0, SEEK_SET)
        try file.writeAll(entry.json.encoded(indentation: 2) + [0x0A])
    }

    /// Removes the file; the lock goes with this object.
    func close() {
        entry = nil
        unlink(path)
    }

    private func load() {
        // A crash while it was written left something that does not parse, and nothing had been changed then.
        guard let bytes = try? file.readAll(limit: 1 << 20), let value = try? JSONValue(parsing: bytes) else { return }
        entry = Entry(value)
    }

    private static func isCurrent(_ file: borrowing FileDescriptor, _ path: String) -> Bool {
        var held = stat()
        var there = stat()
        return fstat(file.raw, &held) == 0 && lstat(path, &there) == 0 && held.st_ino == there.st_ino
            && held.st_dev == there.st_dev
    }
}

extension NetworkJournal.Entry {
    /// As it is written.
    var json: JSONValue {
        var old = JSONObject()
        for key in settings.keys.sorted() { old[key] = .string(settings[key] ?? "") }
        return .object([
            "podInterface": .string(names.pod), "isPrimary": .bool(names.tap == "tap0"),
            "isMasquerade": .bool(isMasquerade), "index": .integer(Int64(index)),
            "hardwareAddress": .string(Self.text(hardwareAddress)), "wasUp": .bool(wasUp),
            "forwardsIPv4": .bool(forwardsIPv4), "addressGeneration": .integer(Int64(addressGeneration)),
            "addresses": .array(addresses.map { .string(Self.text($0)) }),
            "routes": .array(routes.map { .string(Self.text($0)) }), "settings": .object(old),
        ])
    }

    /// Reads what was written; nil for anything else.
    init?(_ value: JSONValue) {
        guard let pod = value["podInterface"]?.stringValue, let isPrimary = value["isPrimary"]?.boolValue,
            let isMasquerade = value["isMasquerade"]?.boolValue, let index = value["index"]?.integerValue,
            let hardware = value["hardwareAddress"]?.stringValue.flatMap({ Self.bytes($0) }),
            let wasUp = value["wasUp"]?.boolValue, let forwards = value["forwardsIPv4"]?.boolValue,
            let generation = value["addressGeneration"]?.integerValue,
            case .array(let addresses)? = value["addresses"], case .array(let routes)? = value["routes"],
            case .object(let settings)? = value["settings"]
        else { return nil }
        names = PodInterfaceNames(pod: pod, isPrimary: isPrimary)
        self.isMasquerade = isMasquerade
        self.index = UInt32(clamping: index)
        hardwareAddress = hardware
        self.wasUp = wasUp
        forwardsIPv4 = forwards
        addressGeneration = UInt8(clamping: generation)
        self.addresses = addresses.compactMap { $0.stringValue.flatMap { Self.bytes($0) } }
        self.routes = routes.compactMap { $0.stringValue.flatMap { Self.bytes($0) } }
        self.settings = [:]
        for key in settings.keys { self.settings[key] = settings[key]?.stringValue }
    }

    private static func text(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private static func bytes(_ text: String) -> [UInt8]? {
        let digits = Array(text.utf8)
        guard digits.count % 2 == 0 else { return nil }
        var bytes: [UInt8] = []
        for start in stride(from: 0, to: digits.count, by: 2) {
            guard let byte = UInt8(String(decoding: digits[start..<start + 2], as: UTF8.self), radix: 16) else {
                return nil
            }
            bytes.append(byte)
        }
        return bytes
    }
}

extension String {
    /// The path's parents from the top down to itself.
    fileprivate var parents: [String] {
        var path = ""
        return split(separator: "/").map { part in
            path += (path.isEmpty && !hasPrefix("/") ? "" : "/") + part
            return path
        }
    }
}
