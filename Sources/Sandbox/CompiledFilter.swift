// SPDX-License-Identifier: Apache-2.0

internal import CLinux
public import Linux

/// A filter ready for the kernel, see `seccomp(2)`.
public struct CompiledFilter: Sendable {
    /// The class of thread it is for.
    public let name: String
    private let program: [UInt8]

    init(name: String, program: [UInt8]) {
        self.name = name
        self.program = program
    }

    /// Binds the calling thread, and all it starts, for good. no_new_privs must be set before.
    /// - Throws: `Errno` of `seccomp`.
    public func install() throws(Errno) {
        // SAFETY: struct sock_filter is 8 bytes; the kernel copies the program during the call.
        let r = program.withUnsafeBytes { clinux_install_filter($0.baseAddress, UInt16($0.count / 8)) }
        try Errno.check(r, "seccomp")
        name.withCString { clinux_name_thread_class($0) }
    }
}
