// SPDX-License-Identifier: Apache-2.0

internal import CLinux
public import Linux

/// Owns a guest's RAM: one reservation of address space, the guest's hole in it left unmapped.
@safe
public struct GuestRAM: ~Copyable, @unchecked Sendable {
    /// Where the RAM lies in guest-physical space.
    public let layout: RAMLayout
    /// What it is made of.
    public let backing: Backing
    private let reservation: Mapping
    private let base: UnsafeMutableRawPointer
    private let bitmap: Mapping
    /// A view for those who read and write the guest; it must not outlive its owner.
    public let memory: GuestMemory

    /// Maps RAM.
    /// - Parameters:
    ///   - tracksWrites: keeps a `DirtyBitmap` of what the host writes, at 32 KiB a GiB once pages are written.
    ///   - nodes: bindings to host NUMA nodes, set before any page exists.
    /// - Throws: `RAMError` that names what is missing.
    public init(
        layout: RAMLayout, backing: Backing = .anonymous, tracksWrites: Bool = false, nodes: [NodeBinding] = []
    ) throws(RAMError) {
        guard layout.bytes >= 4096 else { throw .tooSmall(bytes: layout.bytes) }
        // 1 GiB alignment lets every page size and every fault use the largest page there is.
        let alignment = 1 << 30
        let reservation = try GuestRAM.reserve(bytes: Int(layout.end) + alignment, protection: PROT_NONE)
        // Address space only: its pages exist from the first mark on.
        let bitmap = try GuestRAM.reserve(bytes: Int(layout.end >> 15) + 4096, protection: PROT_READ | PROT_WRITE)
        let unaligned = unsafe UInt(bitPattern: reservation.base)
        let start = (unaligned + UInt(alignment - 1)) & ~UInt(alignment - 1)
        let base = unsafe reservation.base + Int(start - unaligned)
        for region in layout.regions { try unsafe GuestRAM.map(region, of: layout, at: base, backing) }
        for node in nodes { try unsafe GuestRAM.bind(node, of: layout, at: base) }
        // SAFETY: the bitmap's mapping lives as long as the RAM it describes.
        let dirty = tracksWrites ? unsafe DirtyBitmap(words: bitmap.base, count: bitmap.count / 8) : nil
        unsafe self.base = base
        self.layout = layout
        self.backing = backing
        self.reservation = reservation
        self.bitmap = bitmap
        unsafe memory = GuestMemory(base: base, layout: layout, dirty: dirty)
    }

    /// The host address of a run, for `KVM_SET_USER_MEMORY_REGION`.
    public func hostAddress(of region: RAMRegion) -> UInt {
        unsafe UInt(bitPattern: base) + UInt(region.start.rawValue)
    }

    /// Gives all pages back to the host: the guest finds zeros. Huge pages are taken again at once, because giving a
    /// private one back gives its reservation back as well.
    /// - Throws: `Errno` of `madvise`.
    public borrowing func discardAll() throws(Errno) {
        for region in layout.regions {
            // SAFETY: the region is part of our own mapping; nobody keeps a reference into its contents.
            try Errno.check(
                unsafe clinux_madvise(base + Int(region.start.rawValue), Int(region.count), MADV_DONTNEED), "madvise")
            if case .hugetlb = backing {
                try Errno.check(
                    unsafe clinux_madvise(
                        base + Int(region.start.rawValue), Int(region.count), CLINUX_MADV_POPULATE_WRITE), "madvise")
            }
        }
    }

    /// Makes every page exist now, with `threads` threads at work on slices of 64 MiB.
    /// - Throws: `RAMError.unavailable` when the host runs out of memory or threads.
    public borrowing func prefault(threads: Int) throws(RAMError) {
        let job = PrefaultJob(base: unsafe UInt(bitPattern: base), layout: layout)
        if let failure = job.run(threads: threads) { throw .unavailable(bytes: layout.bytes, failure) }
    }

    private static func reserve(bytes: Int, protection: Int32) throws(RAMError) -> Mapping {
        do throws(Errno) {
            return try Mapping(
                count: bytes, protection: protection, flags: MAP_PRIVATE | MAP_ANONYMOUS | CLINUX_MAP_NORESERVE)
        } catch {
            throw .unavailable(bytes: UInt64(bytes), error)
        }
    }

    private static func map(
        _ region: RAMRegion, of layout: RAMLayout, at base: UnsafeMutableRawPointer, _ backing: Backing
    ) throws(RAMError) {
        var flags = MAP_PRIVATE | MAP_ANONYMOUS | CLINUX_MAP_FIXED
        if case .hugetlb(let page) = backing {
            guard page > 0, page & (page - 1) == 0, region.count % page == 0 else {
                throw .unaligned(bytes: region.count, pageBytes: page)
            }
            flags |= CLINUX_MAP_HUGETLB | Int32(page.trailingZeroBitCount) << CLINUX_MAP_HUGE_SHIFT
        } else {
            flags |= CLINUX_MAP_NORESERVE
        }
        let at = unsafe base + Int(region.start.rawValue)
        var result: UnsafeMutableRawPointer? = nil
        // SAFETY: MAP_FIXED replaces a part of our own reservation.
        let r = unsafe clinux_mmap(at, Int(region.count), PROT_READ | PROT_WRITE, flags, -1, 0, &result)
        if r < 0 {
            let error = Errno(code: Int32(-r), call: "mmap")
            if case .hugetlb(let page) = backing {
                throw .poolTooSmall(bytes: layout.bytes, pageBytes: page, error)
            }
            throw .unavailable(bytes: layout.bytes, error)
        }
        if backing == .anonymous { _ = unsafe clinux_madvise(at, Int(region.count), MADV_HUGEPAGE) }
        _ = unsafe clinux_madvise(at, Int(region.count), CLINUX_MADV_DONTDUMP)
    }

    private static func bind(
        _ node: NodeBinding, of layout: RAMLayout, at base: UnsafeMutableRawPointer
    ) throws(RAMError) {
        guard (0..<1024).contains(node.hostNode) else {
            throw .nodeUnavailable(node.hostNode, Errno(code: EINVAL, call: "mbind"))
        }
        var mask = [UInt](repeating: 0, count: 1024 / UInt.bitWidth)
        mask[node.hostNode / UInt.bitWidth] = 1 << UInt(node.hostNode % UInt.bitWidth)
        for run in layout.runs(offset: node.offset, count: node.count) {
            // SAFETY: the run is part of our own mapping; the array bounds the mask.
            let r = unsafe mask.withUnsafeBufferPointer { m in
                unsafe clinux_mbind(
                    base + Int(run.start.rawValue), Int(run.count), CLINUX_MPOL_BIND, m.baseAddress, 1025,
                    CLINUX_MPOL_MF_STRICT | CLINUX_MPOL_MF_MOVE)
            }
            if r < 0 { throw .nodeUnavailable(node.hostNode, Errno(code: Int32(-r), call: "mbind")) }
        }
    }
}
