// SPDX-License-Identifier: Apache-2.0

internal import Boot
internal import GuestMemory
internal import Linux

/// What the guest starts from, kept for the next reset.
final class BootSource: Sendable {
    private let kernel: FileDescriptor
    private let initrd: FileDescriptor?
    private let commandLine: String
    private let platform: PlatformDescription
    private let identity: SMBIOSIdentity

    init(
        kernel: consuming FileDescriptor, initrd: consuming FileDescriptor?, commandLine: String,
        platform: PlatformDescription, identity: SMBIOSIdentity
    ) {
        self.kernel = kernel
        self.initrd = initrd
        self.commandLine = commandLine
        self.platform = platform
        self.identity = identity
    }

    /// Fills zeroed memory with the kernel and all it expects, and says how the first vCPU enters it.
    /// - Throws: `MachineError.boot`.
    func load(into memory: GuestMemory) throws(MachineError) -> BootEntry {
        do throws(BootError) {
            return try BootLoader.load(
                kernel: kernel, initrd: initrd, commandLine: commandLine, platform: platform, identity: identity,
                into: memory)
        } catch {
            throw .boot(error)
        }
    }
}
