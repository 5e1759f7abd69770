// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import VMISpec

/// The instances that run under a base directory.
public enum RunningInstances {
    /// The runtime directories of those that run, by name; what killed supervisors left behind is removed.
    public static func directories(in base: String) -> [String] {
        guard let directory = opendir(base) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            // A directory of an instance is called NAMESPACE_NAME, and neither begins with a dot.
            if !name.hasPrefix("."), name.contains("_") { names.append(name) }
        }
        return names.sorted().map { "\(base)/\($0)" }.filter { !RuntimeDirectory.sweep($0) }
    }

    /// Connects to the instance of a name, which may be written NAMESPACE/NAME.
    /// - Throws: `SupervisorError` when there is none, or several of that name in other namespaces.
    public static func connect(to name: String, in base: String) throws(SupervisorError) -> InstanceConnection {
        let path = try directory(of: name, in: base)
        do throws(Errno) { return try InstanceConnection.connect(to: path) } catch {
            throw SupervisorError("The supervisor of \(name) cannot be reached: \(error)")
        }
    }

    /// The runtime directory of the instance of a name, which may be written NAMESPACE/NAME.
    /// - Throws: `SupervisorError` as `connect`.
    public static func directory(of name: String, in base: String) throws(SupervisorError) -> String {
        let parts = name.split(separator: "/", maxSplits: 1).map(String.init)
        let wanted = parts.count == 2 ? "\(parts[0])_\(parts[1])" : "_\(name)"
        let found = directories(in: base).filter { path in
            let last = path.split(separator: "/").last ?? ""
            return parts.count == 2 ? last == wanted : last.drop { $0 != "_" } == wanted
        }
        guard let only = found.first else {
            throw SupervisorError("No VM called \(name) runs; apus ps shows those that do")
        }
        guard found.count == 1 else {
            throw SupervisorError("Several VMs are called \(name); write NAMESPACE/\(name)")
        }
        return only
    }
}
