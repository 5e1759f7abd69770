// SPDX-License-Identifier: Apache-2.0

public import Linux

/// A descriptor that takes part in a console: a terminal's side, a client's socket, a log file.
public final class ConsoleStream: Sendable {
    let descriptor: FileDescriptor
    let reads: Bool
    let writes: Bool
    let isClient: Bool

    /// Takes over a descriptor.
    /// - Parameters:
    ///   - reads: what is read from it is the guest's input.
    ///   - writes: it gets the guest's output. It need not be non-blocking: a terminal or a pipe is written to only when
    ///     `poll` says that it takes something, and then little at a time.
    public init(_ descriptor: consuming FileDescriptor, reads: Bool, writes: Bool) {
        self.descriptor = descriptor
        self.reads = reads
        self.writes = writes
        isClient = false
    }

    init(client descriptor: consuming FileDescriptor) {
        self.descriptor = descriptor
        reads = true
        writes = true
        isClient = true
    }
}
