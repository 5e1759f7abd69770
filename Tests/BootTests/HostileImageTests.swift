// SPDX-License-Identifier: Apache-2.0

import GuestMemory
import Linux
import Testing

@testable import Boot

@Suite("Files that are no kernel, or not a good one")
struct HostileImageTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var name: String
        var kernel: [UInt8]
        var initrd: [UInt8]? = nil
        var commandLine = ""
        var mebibytes: UInt64 = 32
        var message: String
        var testDescription: String { name }
    }

    static let zImage = SyntheticKernel.bzImage { $0[0x211] = 0 }
    static func magic(_ bytes: [UInt8], at offset: Int) -> [UInt8] {
        var file = [UInt8](repeating: 0, count: 2048)
        file.replaceSubrange(offset..<offset + bytes.count, with: bytes)
        return file
    }

    static let cases: [Case] = [
        Case(name: "empty", kernel: [], message: "The kernel is empty"),
        Case(name: "short", kernel: [1, 2, 3], message: "The kernel is too short, it has only 3 bytes"),
        Case(name: "zeros", kernel: [UInt8](repeating: 0, count: 4096), message: "begins with nothing but zeros"),
        Case(
            name: "text", kernel: Array(String(repeating: "hello ", count: 400).utf8), message: "is neither a bzImage"),
        Case(name: "ARM64", kernel: magic([0x41, 0x52, 0x4D, 0x64], at: 0x38), message: "is an ARM64 Image"),
        Case(name: "RISC-V", kernel: magic(Array("RSC".utf8) + [5], at: 0x38), message: "is a RISC-V Image"),
        Case(name: "gzip", kernel: magic([0x1F, 0x8B], at: 0), message: "is a gzip file; unpack it"),
        Case(name: "EFI", kernel: magic(Array("MZ".utf8), at: 0), message: "is an EFI program"),
        Case(name: "qcow2", kernel: magic(Array("QFI".utf8) + [0xFB], at: 0), message: "is a qcow2 disk image"),
        Case(name: "initrd as kernel", kernel: magic(Array("070701".utf8), at: 0), message: "is a cpio archive"),
        Case(
            name: "truncated bzImage", kernel: Array(SyntheticKernel.bzImage().prefix(3000)),
            message: "is truncated: its header promises 6656 bytes, the file has 3000"),
        Case(
            name: "bzImage cut in its header", kernel: Array(SyntheticKernel.bzImage().prefix(0x210)),
            message: "its setup header is cut off"),
        Case(name: "32-bit", kernel: SyntheticKernel.bzImage(flags: 0), message: "is a 32-bit x86 kernel"),
        Case(name: "zImage", kernel: zImage, message: "is a zImage"),
        Case(
            name: "old protocol", kernel: SyntheticKernel.bzImage { $0.put(UInt16(0x20A), at: 0x206) },
            message: "speaks boot protocol 2.10, older than 2.12"),
        Case(
            name: "alignment 3", kernel: SyntheticKernel.bzImage { $0.put(UInt32(3), at: 0x230) },
            message: "alignment of 3 is no power of two"),
        Case(
            name: "payload of 64 GiB", kernel: SyntheticKernel.bzImage { $0.put(UInt32.max, at: 0x1F4) },
            message: "its header promises 68719479280 bytes"),
        Case(
            name: "preferred address at the end", kernel: SyntheticKernel.bzImage(preferred: .max),
            message: "its preferred address is"),
        Case(
            name: "init_size of 4 GiB", kernel: SyntheticKernel.bzImage(initBytes: .max),
            message: "The kernel needs guest memory from 16 MiB to 4112 MiB, the guest has 32 MiB"),
        Case(
            name: "too little memory", kernel: SyntheticKernel.bzImage(), mebibytes: 16,
            message: "from 16 MiB to 17 MiB, the guest has 16 MiB; give the guest more memory"),
        Case(
            name: "header longer than the zero page", kernel: SyntheticKernel.bzImage { $0[0x201] = 0xFF },
            message: "its setup header ends at"),
        Case(
            name: "initrd too large", kernel: SyntheticKernel.bzImage(),
            initrd: [UInt8](repeating: 7, count: 15 << 20 | 1),
            message: "An initrd of 15.1 MiB does not fit below 32 MiB in 32 MiB of memory"),
        Case(name: "initrd empty", kernel: SyntheticKernel.bzImage(), initrd: [], message: "The initrd is empty"),
        Case(
            name: "command line too long", kernel: SyntheticKernel.bzImage(),
            commandLine: String(repeating: "x", count: 2048), message: "has 2048 bytes, this kernel takes 2047"),
        Case(
            name: "command line with NUL", kernel: SyntheticKernel.bzImage(), commandLine: "a\0b",
            message: "contains a NUL byte"),
        Case(name: "ELF for ARM64", kernel: SyntheticKernel.elf(machine: 183), message: "is an ELF file for ARM64"),
        Case(name: "ELF 32-bit", kernel: SyntheticKernel.elf { $0[4] = 1 }, message: "is a 32-bit ELF file"),
        Case(name: "ELF big-endian", kernel: SyntheticKernel.elf { $0[5] = 2 }, message: "is a big-endian ELF file"),
        Case(
            name: "ELF object", kernel: SyntheticKernel.elf { $0.put(UInt16(1), at: 16) }, message: "an ELF object file"
        ),
        Case(name: "ELF without note", kernel: SyntheticKernel.elf(entry: nil), message: "has no PVH entry point"),
        Case(
            name: "ELF entry outside", kernel: SyntheticKernel.elf(entry: 0x200_0000),
            message: "its PVH entry 0x2000000 is outside its segments"),
        Case(
            name: "ELF segment low", kernel: SyntheticKernel.elf(address: 0x1000, entry: 0x1000),
            message: "has a segment below 1 MiB"),
        Case(
            name: "ELF segment wraps", kernel: SyntheticKernel.elf(address: .max - 4, entry: 0x1000),
            message: "ends beyond the address space"),
        Case(
            name: "ELF larger than memory", kernel: SyntheticKernel.elf(memoryBytes: 0x1_0000_0000),
            message: "The kernel needs guest memory from 16 MiB to 4112 MiB"),
        Case(
            name: "ELF truncated", kernel: Array(SyntheticKernel.elf().prefix(0x1800)),
            message: "its header promises 8192 bytes, the file has 6144"),
        Case(
            name: "ELF without headers", kernel: SyntheticKernel.elf { $0.put(UInt16(0), at: 56) },
            message: "names 0 program headers"),
        Case(
            name: "ELF header table far away", kernel: SyntheticKernel.elf { $0.put(UInt64.max - 1, at: 32) },
            message: "is truncated"),
    ]

    @Test("each gives one line that names the fault", arguments: cases)
    func refused(_ c: Case) {
        do {
            try BootFixture.boot(c.kernel, initrd: c.initrd, commandLine: c.commandLine, mebibytes: c.mebibytes)
            Issue.record("it booted")
        } catch let error as BootError {
            #expect(error.description.contains(c.message), "\(error)")
            #expect(!error.description.contains("\n"))
        } catch {
            Issue.record("unexpected \(error)")
        }
    }

    @Test("four GiB of zeros are refused without being read, and a pipe is no kernel")
    func sparseAndPipe() throws {
        let platform = BootFixture.platform(mebibytes: 16)
        let ram = try GuestRAM(layout: platform.memory)
        let sparse = try FileDescriptor.memory(named: "zeros", bytes: 4 << 30)
        #expect(throws: BootError.self) { try BootFixture.load(sparse, nil, "", platform, ram.memory) }
        let event = try FileDescriptor.open("/dev/null", 0)
        #expect(throws: BootError.notRegular(.kernel)) { try BootFixture.load(event, nil, "", platform, ram.memory) }
    }

    @Test("a header changed at random is loaded or refused, never worse", arguments: [true, false])
    func mutations(_ isELF: Bool) throws {
        let original = isELF ? SyntheticKernel.elf() : SyntheticKernel.bzImage()
        let platform = BootFixture.platform(mebibytes: 32)
        let ram = try GuestRAM(layout: platform.memory)
        var random = SplitMix(state: isELF ? 11 : 12)
        let interesting: [UInt8] = [0, 1, 0x7F, 0x80, 0xFF]
        let span = isELF ? 0x120 : 0x270
        let first = isELF ? 4 : 0x1F1
        var loaded = 0
        var refused = 0
        for _ in 0..<4000 {
            var bytes = original
            for _ in 0..<1 + Int(random.next() % 4) {
                let at = first + Int(random.next() % UInt64(span - first))
                let run = 1 << Int(random.next() % 4)
                let value = random.next()
                for offset in 0..<run where at + offset < bytes.count {
                    bytes[at + offset] =
                        value & 1 == 0
                        ? interesting[Int(value >> 8 & 0xFFFF) % 5]
                        : UInt8(truncatingIfNeeded: value >> (8 * UInt64(offset)))
                }
            }
            let file = try BootFixture.file(bytes)
            do {
                _ = try BootFixture.load(file, nil, "quiet", platform, ram.memory)
                loaded += 1
            } catch is BootError {
                refused += 1
            }
        }
        #expect(loaded > 100 && refused > 100, "\(loaded) loaded, \(refused) refused")
    }
}
