// SPDX-License-Identifier: Apache-2.0

import Glibc
import GuestMemory
import Linux

@testable import Boot

/// Guest RAM that lives as long as the process, with a fence behind it.
private final class KernelStage: Sendable {
    let ram: GuestRAM
    let kernel: FileDescriptor
    let initrd: FileDescriptor?

    init() {
        do {
            ram = try GuestRAM(layout: RAMLayout(bytes: 64 << 20), tracksWrites: true)
            kernel = try FileDescriptor.memory(named: "kernel")
            initrd = try FileDescriptor.memory(named: "initrd", bytes: 5000)
        } catch {
            fatalError("\(error)")
        }
    }
}

private let stage = KernelStage()

/// Loads a kernel image of anybody's making into 64 MiB: it is refused in one line, or the entry lies in RAM.
///
/// The first byte chooses the options, the rest is the file.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzKernel(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard count > 0 else { return 0 }
    let options = start[0]
    must(ftruncate(stage.kernel.raw, count - 1) == 0, "ftruncate")
    must(pwrite(stage.kernel.raw, start + 1, count - 1, 0) == count - 1, "pwrite")
    do { try stage.ram.discardAll() } catch { fatalError("\(error)") }
    let memory = stage.ram.memory
    let platform = PlatformDescription(
        cpus: [PlatformDescription.CPU(apicID: 0)], memory: stage.ram.layout, physicalBits: 40)
    guard let topology = CPUTopology(sockets: 1, cores: 1, threads: 1) else { fatalError("no topology") }
    let identity = SMBIOSIdentity(topology: topology)
    let words = options & 2 != 0 ? "console=ttyS0" : String(repeating: "x", count: Int(options) * 16)
    do throws(BootError) {
        let entry: BootEntry
        if options & 1 != 0 {
            entry = try BootLoader.load(
                kernel: stage.kernel, initrd: stage.initrd, commandLine: words, platform: platform, identity: identity,
                into: memory)
        } else {
            entry = try BootLoader.load(
                kernel: stage.kernel, initrd: nil, commandLine: words, platform: platform, identity: identity,
                into: memory)
        }
        must(memory.contains(GuestAddress(entry.rip), count: 1), "the entry lies outside RAM")
        must(memory.contains(GuestAddress(entry.rsp), count: 0), "the stack lies outside RAM")
        must(entry.rip >= 1 << 20, "the entry lies in the first MiB")
    } catch {
        must(!"\(error)".contains("\n") && "\(error)".count > 10, "an error says nothing")
    }
    return 0
}

/// The least bzImage and the least vmlinux that load.
@_cdecl("LLVMFuzzerInitialize")
public func seedKernels(_ count: UnsafeMutableRawPointer, _ words: UnsafeMutableRawPointer) -> CInt {
    var image = [UInt8](repeating: 0, count: 1024 + 512)
    func put<T: FixedWidthInteger>(_ value: T, _ at: Int) {
        for (index, byte) in FuzzSeeds.le(value).enumerated() { image[at + index] = byte }
    }
    put(UInt8(1), 0x1F1)
    put(UInt32(32), 0x1F4)
    put(UInt16(0xAA55), 0x1FE)
    put(UInt16(0x6AEB), 0x200)
    put(UInt32(0x5372_6448), 0x202)
    put(UInt16(0x20F), 0x206)
    put(UInt8(1), 0x211)
    put(UInt32(0x7FFF_FFFF), 0x22C)
    put(UInt32(0x20_0000), 0x230)
    put(UInt8(1), 0x234)
    put(UInt16(3), 0x236)
    put(UInt32(2047), 0x238)
    put(UInt64(0x100_0000), 0x258)
    put(UInt32(0x10_0000), 0x260)
    for options: UInt8 in [0, 1, 2, 3] { FuzzSeeds.write("bzimage-\(options)", [options] + image) }

    let le32 = { (value: UInt32) in FuzzSeeds.le(value) }, le64 = { (value: UInt64) in FuzzSeeds.le(value) }
    func header(_ kind: UInt32, offset: UInt64, at address: UInt64, file: UInt64, memory: UInt64) -> [UInt8] {
        le32(kind) + le32(5) + le64(offset) + le64(address) + le64(address) + le64(file) + le64(memory) + le64(4)
    }
    let note = le32(4) + le32(4) + le32(18) + Array("Xen\0".utf8) + le32(0x10_0000)
    let elf: [UInt8] =
        [0x7F, 0x45, 0x4C, 0x46, 2, 1, 1, 0] + [UInt8](repeating: 0, count: 8) + FuzzSeeds.le(UInt16(2))
        + FuzzSeeds.le(UInt16(62)) + le32(1) + le64(0x10_0000) + le64(64) + le64(0) + le32(0)
        + [64, 0, 56, 0, 2, 0, 0, 0, 0, 0, 0, 0] + header(1, offset: 196, at: 0x10_0000, file: 64, memory: 4096)
        + header(4, offset: 176, at: 0, file: 20, memory: 20) + note + [UInt8](repeating: 0x90, count: 64)
    for options: UInt8 in [0, 1, 2, 3] { FuzzSeeds.write("elf-\(options)", [options] + elf) }
    return 0
}
