// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Hands each class of thread its filter, or none when the cage is open.
public struct Cage: Sendable {
    /// Whether threads are confined at all.
    public let isClosed: Bool

    /// A cage; an open one confines nobody.
    public init(isClosed: Bool) { self.isClosed = isClosed }

    /// What a thread of this class does first: it binds itself to the filter, or ends the process when it cannot.
    /// - Throws: `SandboxError` when the filter cannot be compiled.
    public func door(_ filter: SystemCallFilter) throws(SandboxError) -> @Sendable () -> Void {
        guard isClosed else { return {} }
        let compiled = try filter.compile()
        return {
            do { try compiled.install() } catch {
                // A guest must not run beside an unconfined thread.
                let line = "The \(compiled.name) thread cannot be confined (\(error)); --sandbox=off runs without\n"
                _ = line.withCString { write(STDERR_FILENO, $0, strlen($0)) }
                _exit(1)
            }
        }
    }
}
