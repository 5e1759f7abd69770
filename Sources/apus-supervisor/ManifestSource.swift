// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Supervisor
import VMISpec

/// Where the manifest comes from.
enum ManifestSource: Equatable {
    case standardInput
    case file(String)
    /// The value of `STANDALONE_VMI`, KubeVirt's own name for it (pkg/virt-launcher/standalone).
    case variable(String)

    private static let variable = "STANDALONE_VMI"

    /// What was asked for by an option, or else by the environment.
    init(file: String?, environment: [String: String]) {
        switch (file, environment[Self.variable]) {
        case ("-", _): self = .standardInput
        case (let path?, _): self = .file(path)
        case (nil, let text?) where !text.isEmpty: self = .variable(text)
        case (nil, _): self = .standardInput
        }
    }

    /// What it is called in errors.
    var name: String {
        switch self {
        case .standardInput: "The manifest"
        case .file(let path): path
        case .variable: Self.variable
        }
    }

    /// The manifest's bytes.
    /// - Throws: `SupervisorError` that names where they come from.
    func read() throws(SupervisorError) -> [UInt8] {
        let limit = JSONLimits.manifest.bytes
        do throws(Errno) {
            switch self {
            case .standardInput:
                // Number 0 stays taken: what is opened later must not become a child's standard input by chance.
                return try FileDescriptor.duplicate(of: 0).readAll(limit: limit)
            case .file(let path): return try FileDescriptor.open(path, O_RDONLY).readAll(limit: limit)
            case .variable(let text): return Array(text.utf8)
            }
        } catch {
            let reason = error.code == EFBIG ? "it has more than \(limit) bytes" : error.reason
            throw SupervisorError("\(name) cannot be read: \(reason)")
        }
    }
}
