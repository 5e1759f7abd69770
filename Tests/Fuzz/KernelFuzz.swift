// SPDX-License-Identifier: Apache-2.0

@testable import Boot
import Glibc
import GuestMemory
import Linux

/// Guest RAM that lives as long as the process, with a fence behind it.
private final class KernelStage: Sendable {
    let ram: GuestRAM
    let kernel: FileDescriptor
    let initrd: FileDescriptor

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
    let identity = SMBIOSIdentity(topology: CPUTopology(sockets: 1, cores: 1, threads: 1))
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
