// SPDX-License-Identifier: Apache-2.0

public import Linux

/// Why the cage could not be closed; the launcher does not run a guest then.
public enum SandboxError: Error, Sendable, CustomStringConvertible {
    /// A rule names a system call that libseccomp does not know.
    case unknownCall(String)
    /// A library call failed.
    case library(StaticString, code: Int32)
    /// The kernel refused.
    case system(Errno)

    /// One line for the operator.
    public var description: String {
        switch self {
        case .unknownCall(let name): "The filter names '\(name)', which is no system call on this machine"
        case .library(let call, let code): "The sandbox cannot be set up (\(Errno(code: code, call: call)))"
        case .system(let error): "The sandbox cannot be set up (\(error)); --sandbox=off runs without one"
        }
    }
}
