// SPDX-License-Identifier: Apache-2.0

internal import GuestMemory

/// What both loaders share: the memory they write, what it looks like to the guest, and the command line.
struct LoadContext {
    /// Guest memory, all zeros but for the firmware tables.
    var memory: GuestMemory
    /// The map the kernel is given.
    var map: [E820Entry]
    /// Where usable RAM below 4 GiB ends.
    var lowEnd: UInt64
    /// Address of the RSDP.
    var rsdp: UInt64
    /// The kernel's command line.
    var commandLine: [UInt8]

    /// Copies bytes to their fixed place in the first MiB.
    func write(_ bytes: [UInt8], at address: UInt64) throws(BootError) {
        do throws(MemoryError) {
            try memory.write(bytes, at: GuestAddress(address))
        } catch {
            throw .tablesDoNotFit(bytes: bytes.count, memory: memory.layout.bytes)
        }
    }

    /// Writes the command line with its NUL.
    /// - Throws: `BootError` when it has a NUL inside or more than `limit` bytes.
    func writeCommandLine(limit: UInt64) throws(BootError) {
        guard !commandLine.contains(0) else { throw .commandLineHasNUL }
        guard UInt64(commandLine.count) <= limit else {
            throw .commandLineTooLong(bytes: commandLine.count, limit: limit)
        }
        try write(commandLine + [0], at: FirstMegabyte.commandLine)
    }
}
