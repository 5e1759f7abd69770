// SPDX-License-Identifier: Apache-2.0

public import GuestMemory
public import Linux

/// Prepares guest memory so that a kernel can be entered: firmware tables, kernel, initrd, command line.
public enum BootLoader {
    /// Loads a kernel, recognised by its content, and everything it expects to find.
    ///
    /// Only `pread` is used on the descriptors, so the same ones serve again after a reset. Guest memory must be
    /// all zeros. On an error its contents are unspecified.
    /// - Parameters:
    ///   - kernel: a bzImage or an ELF64 vmlinux with a PVH note.
    ///   - initrd: an initial RAM disk of any format the kernel knows.
    ///   - commandLine: the kernel's command line.
    ///   - platform: what the ACPI tables say.
    ///   - identity: what SMBIOS says.
    /// - Returns: the state of the first vCPU.
    /// - Throws: `BootError`.
    public static func load(
        kernel: borrowing FileDescriptor, initrd: borrowing FileDescriptor?, commandLine: String,
        platform: PlatformDescription, identity: SMBIOSIdentity, into memory: GuestMemory
    ) throws(BootError) -> BootEntry {
        let fileBytes = try kernel.bootFileBytes(.kernel)
        let headBytes = Int(min(fileBytes, UInt64(KernelFormat.headBytes)))
        let head = try kernel.bootBytes(.kernel, at: 0, count: headBytes)
        let format = try KernelFormat(head: head, fileBytes: fileBytes)

        let tables = try FirmwareTables.write(platform: platform, identity: identity, into: memory)
        let context = LoadContext(
            memory: memory, map: E820Entry.map(of: memory.layout, tables: tables.highRange),
            lowEnd: tables.highRange?.lowerBound ?? memory.layout.lowEnd, rsdp: tables.rsdp,
            commandLine: Array(commandLine.utf8))
        switch format {
        case .bzImage:
            let loader = try LinuxLoader(head: head, fileBytes: fileBytes, context: context)
            let ramdisk = try load(initrd: initrd, loader.initrdPlacement(context), into: memory)
            return try loader.load(from: kernel, initrd: ramdisk, context: context)
        case .elf:
            let loader = try PVHLoader(head: head, file: kernel, fileBytes: fileBytes, context: context)
            let ramdisk = try load(initrd: initrd, loader.initrdPlacement(context), into: memory)
            return try loader.load(from: kernel, initrd: ramdisk, context: context)
        }
    }

    private static func load(
        initrd: borrowing FileDescriptor?, _ placement: InitrdPlacement, into memory: GuestMemory
    ) throws(BootError) -> Range<UInt64>? {
        switch initrd {
        case .none: return nil
        case .some(let file):
            let bytes = try file.bootFileBytes(.initrd)
            let address = try placement.address(for: bytes)
            try file.loadBootBytes(.initrd, at: 0, count: bytes, into: memory, at: address)
            return address..<address.addingSaturated(bytes)
        }
    }
}
