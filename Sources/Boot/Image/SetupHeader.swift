// SPDX-License-Identifier: Apache-2.0

/// The fields of a Linux setup header we act on, each read once and checked (Linux Documentation/arch/x86/boot.rst).
struct SetupHeader: Equatable {
    /// Bytes of real-mode code before the protected-mode kernel, its boot sector included.
    let setupBytes: UInt64
    /// Bytes of the protected-mode kernel.
    let payloadBytes: UInt64
    /// Whether the kernel runs at an address other than the one it prefers.
    let isRelocatable: Bool
    /// Alignment of the load address, a power of two.
    let alignment: UInt64
    /// Where the kernel likes to be.
    let preferredAddress: UInt64
    /// Memory the kernel needs from its load address on before it has read a memory map.
    let initBytes: UInt64
    /// Longest command line, without its NUL.
    let commandLineBytes: UInt64
    /// The first address an initrd must not touch.
    let initrdLimit: UInt64
    /// Whether an initrd may lie above 4 GiB.
    let takesInitrdAbove4GiB: Bool
    /// The header's own bytes, from 0x1F1 on, to be copied into the zero page.
    let bytes: [UInt8]

    /// Where the header starts, in the file as in the zero page.
    static let offset = 0x1F1
    /// Where the zero page has no more room for it.
    private static let limit = 0x290

    /// Reads the header from the head of a file that has the magic `HdrS`.
    /// - Throws: `BootError` for a kernel without a 64-bit entry and for a header that contradicts itself.
    init(head: [UInt8]) throws(BootError) {
        guard let version = head.load(UInt16.self, at: 0x206) else { throw .malformed("its setup header is cut off") }
        guard version >= 0x20C else {
            throw .unsupported(
                "speaks boot protocol \(version >> 8).\(version & 0xFF), older than 2.12; use Linux 3.8 or newer")
        }
        guard head.count >= 0x264,
            let setupSectors = head.load(UInt8.self, at: 0x1F1), let payload = head.load(UInt32.self, at: 0x1F4),
            let jump = head.load(UInt8.self, at: 0x201), let loadFlags = head.load(UInt8.self, at: 0x211),
            let initrdMax = head.load(UInt32.self, at: 0x22C), let alignment = head.load(UInt32.self, at: 0x230),
            let relocatable = head.load(UInt8.self, at: 0x234), let flags = head.load(UInt16.self, at: 0x236),
            let commandLine = head.load(UInt32.self, at: 0x238), let preferred = head.load(UInt64.self, at: 0x258),
            let initSize = head.load(UInt32.self, at: 0x260)
        else { throw .malformed("its setup header is cut off") }

        guard flags & 1 != 0 else { throw .unsupported("is a 32-bit x86 kernel; use a 64-bit one") }
        guard loadFlags & 1 != 0 else { throw .unsupported("is a zImage, which loads low; use a bzImage") }
        guard payload > 0 else { throw .malformed("its setup header promises no kernel at all") }
        guard alignment > 0, alignment & (alignment - 1) == 0 else {
            throw .malformed("its alignment of \(alignment) is no power of two")
        }
        let end = 0x202 + Int(jump)
        guard end >= 0x264, end <= Self.limit, end <= head.count else {
            throw .malformed("its setup header ends at \(end)")
        }
        setupBytes = (UInt64(setupSectors == 0 ? 4 : setupSectors) + 1) * 512
        payloadBytes = UInt64(payload) * 16
        isRelocatable = relocatable != 0
        self.alignment = UInt64(alignment)
        preferredAddress = preferred
        initBytes = UInt64(initSize)
        commandLineBytes = UInt64(commandLine)
        initrdLimit = UInt64(initrdMax) + 1
        takesInitrdAbove4GiB = flags & 2 != 0
        bytes = Array(head[Self.offset..<end])
    }

    /// Bytes the file must have.
    var fileBytes: UInt64 { setupBytes + payloadBytes }

    /// Where the kernel goes and what it needs there. A relocatable kernel decompresses to its preferred address
    /// or above, so a lower load address would save nothing.
    /// - Throws: `BootError` where low RAM, which ends at `lowEnd`, has no room.
    func placement(lowEnd: UInt64, memory: UInt64) throws(BootError) -> Range<UInt64> {
        var start = max(preferredAddress, FirstMegabyte.end)
        if isRelocatable {
            guard let aligned = start.roundedUp(to: alignment) else {
                throw .malformed("its preferred address is \(String(preferredAddress, radix: 16))")
            }
            start = aligned
        } else if start != preferredAddress {
            throw .unsupported("is not relocatable and wants to lie below 1 MiB; use a relocatable kernel")
        }
        let end = start.addingSaturated(max(initBytes, payloadBytes))
        guard end <= lowEnd else { throw .kernelDoesNotFit(start: start, end: end, memory: memory) }
        return start..<end
    }
}
