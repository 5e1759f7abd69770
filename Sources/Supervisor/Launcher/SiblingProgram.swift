// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The other programs of Apus, which lie beside this one.
public enum SiblingProgram {
    /// A program's path: what the variable says, or else beside the running program's own file.
    public static func path(_ name: String, variable: String, environment: [String: String]) -> String {
        if let path = environment[variable], !path.isEmpty { return path }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = buffer.withUnsafeMutableBytes { bytes in
            bytes.withMemoryRebound(to: CChar.self) { characters in
                characters.baseAddress.map { readlink("/proc/self/exe", $0, characters.count) } ?? -1
            }
        }
        guard count > 0 else { return name }
        let own = String(decoding: buffer[..<count], as: UTF8.self)
        guard let slash = own.lastIndex(of: "/") else { return name }
        return "\(own[..<slash])/\(name)"
    }

    /// The environment of this process as a dictionary.
    public static var environment: [String: String] {
        var variables: [String: String] = [:]
        for entry in environmentList {
            let parts = entry.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { variables[String(parts[0])] = String(parts[1]) }
        }
        return variables
    }

    /// The environment of this process as NAME=VALUE.
    public static var environmentList: [String] {
        var list: [String] = []
        var next = environ
        while let entry = next.pointee {
            list.append(String(cString: entry))
            next += 1
        }
        return list
    }
}
