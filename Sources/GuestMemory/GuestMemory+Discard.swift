// SPDX-License-Identifier: Apache-2.0

internal import CLinux
public import Linux

extension GuestMemory {
    /// Bytes of the pages in which memory is given back.
    public static var pageBytes: Int { 4096 }

    /// Gives whole pages of private memory back to the host: who looks next finds zeros.
    ///
    /// Only for memory of `Backing.anonymous`: a page of a hugetlb pool would lose its reservation with it. A huge
    /// page is split when only a part of it goes.
    /// - Throws: `Errno` of `madvise`; EINVAL when the range is not made of whole pages or not all RAM.
    public func discard(at: GuestAddress, count: Int) throws(Errno) {
        let mask = GuestMemory.pageBytes - 1
        guard count > 0, count & mask == 0, at.rawValue & UInt64(mask) == 0,
            let start = unsafe pointer(at, count: count)
        else { throw Errno(code: EINVAL, call: "madvise") }
        // SAFETY: the range is RAM, mapped by us and private; nobody keeps a reference into its contents.
        try Errno.check(unsafe clinux_madvise(start, count, MADV_DONTNEED), "madvise")
    }
}
