// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Linux
import Synchronization

/// The two rings of an io_uring, see `io_uring(7)`: entries go to the kernel, completions come back.
///
/// The ring is made before the sandbox closes and given to one thread, which enables it. It may then do nothing but the
/// operations of `allowed`, on the registered files alone: no system call filter sees what goes through a ring.
///
/// Fences: the tail of the submission ring is stored with release after its entries, the kernel loads it with acquire;
/// the tail of the completion ring is loaded with acquire before its entries, and its head stored with release after
/// they were copied.
@safe
struct IORing: ~Copyable, @unchecked Sendable {
    /// Readable while completions wait.
    let descriptor: FileDescriptor
    private let rings: Mapping
    private let entryMemory: Mapping
    private let entries: UnsafeMutablePointer<io_uring_sqe>
    private let mask: UInt32
    private let flags: UnsafeMutablePointer<Atomic<UInt32>>
    private let submissionTail: UnsafeMutablePointer<Atomic<UInt32>>
    private let completionHead: UnsafeMutablePointer<Atomic<UInt32>>
    private let completionTail: UnsafeMutablePointer<Atomic<UInt32>>
    private let completions: UnsafeMutablePointer<io_uring_cqe>
    private let completionMask: UInt32
    private var tail: UInt32 = 0
    private var submitted: UInt32 = 0
    private var head: UInt32 = 0
    // What `enter` is called with: the descriptor, or its index among the thread's registered rings.
    private var entrance: Int32
    private var enterFlags: UInt32 = 0

    private static let allowed = [
        IORING_OP_NOP, IORING_OP_READ, IORING_OP_WRITE, IORING_OP_READV, IORING_OP_WRITEV, IORING_OP_FSYNC,
        IORING_OP_FALLOCATE,
    ]

    // Best first. Completions are posted when the thread next enters the kernel (Linux 5.19) instead of by an interrupt of
    // it. Not IORING_SETUP_DEFER_TASKRUN: a ring that an epoll set watches before it is enabled never wakes it then (6.18).
    private static let modes: [UInt32] = [
        IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG | IORING_SETUP_SUBMIT_ALL, 0,
    ]

    /// A ring for `depth` operations in flight on these files.
    /// - Throws: `Errno` of `io_uring_setup` or `io_uring_register`, often EPERM or ENOSYS in a container.
    init(depth: Int, files: [Int32]) throws(Errno) {
        var parameters = io_uring_params()
        let descriptor = try IORing.setUp(UInt32(clamping: max(depth, 1)), &parameters)
        let sq = parameters.sq_off, cq = parameters.cq_off
        let ringBytes = max(
            Int(sq.array) + Int(parameters.sq_entries) * 4,
            Int(cq.cqes) + Int(parameters.cq_entries) * MemoryLayout<io_uring_cqe>.stride)
        let flags = MAP_SHARED | MAP_POPULATE, protection = PROT_READ | PROT_WRITE
        let rings = try Mapping(
            count: ringBytes, protection: protection, flags: flags, file: descriptor.raw, offset: CLINUX_URING_RINGS)
        let entryMemory = try Mapping(
            count: Int(parameters.sq_entries) * MemoryLayout<io_uring_sqe>.stride, protection: protection, flags: flags,
            file: descriptor.raw, offset: CLINUX_URING_ENTRIES)
        try IORing.confine(descriptor, files)
        let base = unsafe rings.base
        // SAFETY: the kernel laid these words out within the mapping, each on its own boundary.
        func word(_ offset: UInt32) -> UnsafeMutablePointer<Atomic<UInt32>> {
            unsafe (base + Int(offset)).assumingMemoryBound(to: Atomic<UInt32>.self)
        }
        unsafe self.flags = word(sq.flags)
        unsafe submissionTail = word(sq.tail)
        unsafe completionHead = word(cq.head)
        unsafe completionTail = word(cq.tail)
        unsafe completions = (rings.base + Int(cq.cqes)).assumingMemoryBound(to: io_uring_cqe.self)
        unsafe entries = entryMemory.base.assumingMemoryBound(to: io_uring_sqe.self)
        mask = parameters.sq_entries - 1
        completionMask = parameters.cq_entries - 1
        // Entry n of the ring is always entry n of the table.
        let array = unsafe (rings.base + Int(sq.array)).assumingMemoryBound(to: UInt32.self)
        for index in 0..<Int(parameters.sq_entries) { unsafe array[index] = UInt32(index) }
        entrance = descriptor.raw
        self.descriptor = descriptor
        self.rings = rings
        self.entryMemory = entryMemory
    }

    private static func setUp(_ depth: UInt32, _ parameters: inout io_uring_params) throws(Errno) -> FileDescriptor {
        var result = 0
        for mode in modes {
            parameters = io_uring_params()
            parameters.flags = mode | IORING_SETUP_R_DISABLED | IORING_SETUP_CLAMP
            result = unsafe clinux_uring_setup(depth, &parameters)
            if result != -Int(EINVAL) { break }
        }
        let descriptor = FileDescriptor(owning: Int32(try Errno.check(result, "io_uring_setup")))
        guard parameters.features & IORING_FEAT_SINGLE_MMAP != 0, parameters.features & IORING_FEAT_NODROP != 0 else {
            throw Errno(code: ENOSYS, call: "io_uring_setup")
        }
        return descriptor
    }

    private static func confine(_ ring: borrowing FileDescriptor, _ files: [Int32]) throws(Errno) {
        if !files.isEmpty {
            let r = unsafe files.withUnsafeBytes {
                unsafe clinux_uring_register(
                    ring.raw, UInt32(IORING_REGISTER_FILES), $0.baseAddress, UInt32(files.count))
            }
            try Errno.check(r, "io_uring_register")
        }
        var rules = allowed.map { clinux_uring_restrict(UInt32(IORING_RESTRICTION_SQE_OP), $0.rawValue) }
        rules.append(
            clinux_uring_restrict(UInt32(IORING_RESTRICTION_SQE_FLAGS_ALLOWED), 1 << IOSQE_FIXED_FILE_BIT))
        for operation in [IORING_REGISTER_ENABLE_RINGS, IORING_REGISTER_RING_FDS] {
            rules.append(clinux_uring_restrict(UInt32(IORING_RESTRICTION_REGISTER_OP), UInt32(operation)))
        }
        if !files.isEmpty {
            rules.append(
                clinux_uring_restrict(
                    UInt32(IORING_RESTRICTION_SQE_FLAGS_REQUIRED), 1 << IOSQE_FIXED_FILE_BIT))
        }
        // Discarding blocks of a device through a ring is newer than rings are.
        let discard = clinux_uring_restrict(UInt32(IORING_RESTRICTION_SQE_OP), IORING_OP_URING_CMD.rawValue)
        if register(ring, rules + [discard]) == -Int(EINVAL) {
            try Errno.check(register(ring, rules), "io_uring_register")
        }
    }

    private static func register(_ ring: borrowing FileDescriptor, _ rules: [io_uring_restriction]) -> Int {
        unsafe rules.withUnsafeBytes {
            unsafe clinux_uring_register(
                ring.raw, UInt32(IORING_REGISTER_RESTRICTIONS), $0.baseAddress, UInt32(rules.count))
        }
    }

    /// Makes the ring work, for the calling thread from now on.
    /// - Throws: `Errno` of `io_uring_register`.
    mutating func enable() throws(Errno) {
        try Errno.check(
            clinux_uring_register(descriptor.raw, UInt32(IORING_REGISTER_ENABLE_RINGS), nil, 0),
            "io_uring_register")
        // Saves the look-up of the descriptor a call; older kernels than 5.18 go without.
        let index = clinux_uring_register_itself(descriptor.raw)
        if index >= 0 {
            entrance = Int32(index)
            enterFlags |= IORING_ENTER_REGISTERED_RING
        }
    }

    /// Entries that the kernel has not been given yet.
    var pending: UInt32 { tail &- submitted }

    /// The next entry, to be filled at once; there are as many as the ring's depth.
    @inline(__always)
    mutating func nextEntry() -> UnsafeMutablePointer<io_uring_sqe> {
        // SAFETY: the mask keeps the index within the table.
        let entry = unsafe entries + Int(tail & mask)
        tail &+= 1
        return unsafe entry
    }

    /// Gives all entries to the kernel and returns once `wait` completions are there; negative: `-errno`.
    @inline(__always)
    mutating func enter(wait: UInt32) -> Int {
        unsafe submissionTail.pointee.store(tail, ordering: .releasing)
        let flags = wait > 0 ? enterFlags | IORING_ENTER_GETEVENTS : enterFlags
        let result = clinux_uring_enter(entrance, pending, wait, flags)
        if result > 0 { submitted &+= UInt32(truncatingIfNeeded: min(result, Int(pending))) }
        return result
    }

    /// Whether the kernel has completions that it will only post when it is entered.
    @inline(__always)
    var hasDeferredWork: Bool {
        unsafe flags.pointee.load(ordering: .relaxed) & (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW) != 0
    }

    /// Takes a completion.
    @inline(__always)
    mutating func nextCompletion() -> (token: UInt64, result: Int32)? {
        guard unsafe head != completionTail.pointee.load(ordering: .acquiring) else { return nil }
        // SAFETY: the mask keeps the index within the ring.
        let entry = unsafe completions[Int(head & completionMask)]
        head &+= 1
        unsafe completionHead.pointee.store(head, ordering: .releasing)
        return (entry.user_data, entry.res)
    }

    /// Takes back the last entry that the kernel has not been given; its token, or nil when there is none.
    mutating func withdraw() -> UInt64? {
        guard pending > 0 else { return nil }
        tail &-= 1
        unsafe submissionTail.pointee.store(tail, ordering: .releasing)
        return unsafe entries[Int(tail & mask)].user_data
    }
}
