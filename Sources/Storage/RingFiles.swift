// SPDX-License-Identifier: Apache-2.0

internal import CLinux
public import Linux

/// Carries operations out in the kernel's background through an io_uring.
///
/// A batch is one system call. What the kernel has not finished in one go is continued from its completion. Requests that
/// O_DIRECT would refuse, and calls that a ring cannot make, are done at once on the caller's thread.
@safe
public struct RingFiles: ~Copyable, FileEngine, @unchecked Sendable {
    private var ring: IORing
    private let files: FileTable
    private let bounce: BounceBuffer
    /// Most operations in flight.
    public let depth: Int
    private let slots: RingSlots
    // Operations that ended while somebody waited for others.
    private var finished: FinishedOperations
    private var inFlight = 0
    private var isEnabled = false
    private var canDiscardDevice = true

    /// An engine over these files, for `depth` operations at a time.
    /// - Throws: `Errno` of `io_uring_setup` and its kin; the host or its seccomp profile may forbid it.
    public init(_ files: [ImageFile], depth: Int) throws(Errno) {
        let depth = min(max(depth, 1), 4096)
        let ring = try IORing(depth: depth, files: files.map { $0.descriptor.raw })
        let bounce = try BounceBuffer()
        self.files = FileTable(files)
        self.depth = depth
        slots = RingSlots(count: depth)
        finished = FinishedOperations(capacity: depth)
        self.bounce = bounce
        self.ring = ring
    }

    /// Tries a ring out on the calling thread.
    /// - Throws: `Errno` of the first call that does not work.
    public static func probe() throws(Errno) {
        var ring = try IORing(depth: 1, files: [])
        try ring.enable()
        unsafe clinux_uring_fill(ring.nextEntry(), UInt8(IORING_OP_NOP.rawValue), -1, nil, 0, 0, 0, 7)
        try Errno.check(ring.enter(wait: 1), "io_uring_enter")
        guard let completion = ring.nextCompletion(), completion.token == 7 else {
            throw Errno(code: ENOSYS, call: "io_uring_enter")
        }
    }

    /// The ring itself.
    public var completionEvent: Int32 { ring.descriptor.raw }
    /// Number of files in the table.
    public var fileCount: Int { files.count }
    /// Capacity and alignment of a file.
    public func properties(of file: Int) -> ImageProperties { files.with(file) { $0.properties } }

    /// Looks at a file's size again.
    /// - Throws: `Errno` of `fstat` or `ioctl`.
    public mutating func refresh(file: Int) throws(Errno) {
        try files.with(file) { file throws(Errno) in try file.refresh() }
    }

    /// Carries one operation out on the calling thread.
    /// - Throws: `Errno` of the host's call.
    public mutating func perform(_ operation: BlockOperation, file: Int) throws(Errno) {
        try files.with(file) { file throws(Errno) in try file.perform(operation, bounce) }
    }

    // MARK: Submitting

    /// Puts the operation into the ring.
    @inline(__always)
    public mutating func submit(_ operation: BlockOperation, file: Int, token: Int) -> BlockSubmission {
        precondition(token >= 0 && token < depth, "The engine has no such token")
        let start = files.with(file) { RingSlot.begin(operation, on: $0, file: file) }
        switch start {
        case .failed(let error): return .completed(error)
        case .nothing: return .completed(nil)
        case .blocking: return blocking(operation, file)
        case .slot(let slot):
            if slot.stage == .discardDevice && !canDiscardDevice { return blocking(operation, file) }
            // SAFETY: `slots` holds `depth` entries.
            unsafe slots.base[token] = slot
            inFlight &+= 1
            prepare(token)
            return .queued
        }
    }

    private mutating func blocking(_ operation: BlockOperation, _ file: Int) -> BlockSubmission {
        do throws(Errno) {
            try perform(operation, file: file)
            return .completed(nil)
        } catch {
            return .completed(error)
        }
    }

    /// Writes the ring entry for the slot's next step.
    @inline(__always)
    private mutating func prepare(_ token: Int) {
        let entry = unsafe ring.nextEntry()
        let slot = unsafe slots.base[token]
        let file = slot.file, offset = slot.offset, name = UInt64(truncatingIfNeeded: token)
        switch slot.stage {
        case .read, .write:
            let isRead = slot.stage == .read
            let flags = slot.isDurable && !isRead ? UInt32(bitPattern: CLINUX_RWF_DSYNC) : 0
            guard let left = slot.left else { return unsafe nothing(entry, file, name) }
            // SAFETY: the submitter keeps entries and memory until the operation completes.
            if left.count == 1 || left.skip > 0 {
                let part = unsafe left.first
                let operation = isRead ? IORING_OP_READ : IORING_OP_WRITE
                unsafe clinux_uring_fill(
                    entry, UInt8(truncatingIfNeeded: operation.rawValue), file, part.baseAddress,
                    UInt32(min(part.count, RingSlot.mostBytes)), offset, flags, name)
            } else {
                let operation = isRead ? IORING_OP_READV : IORING_OP_WRITEV
                unsafe clinux_uring_fill(
                    entry, UInt8(truncatingIfNeeded: operation.rawValue), file, left.base,
                    UInt32(min(left.count, Transfer.maximumVectors)), offset, flags, name)
            }
        case .flush:
            unsafe clinux_uring_fill(
                entry, UInt8(truncatingIfNeeded: IORING_OP_FSYNC.rawValue), file, nil, 0, 0, IORING_FSYNC_DATASYNC,
                name)
        case .discard, .punch:
            unsafe clinux_uring_fill_allocate(entry, file, CLINUX_PUNCH_HOLE, offset, slot.count, name)
        case .discardDevice: unsafe clinux_uring_fill_discard(entry, file, offset, slot.count, name)
        case .zeroRange: unsafe clinux_uring_fill_allocate(entry, file, CLINUX_ZERO_RANGE, offset, slot.count, name)
        case .zeros:
            // SAFETY: the zeros live as long as the engine and are only read.
            let zeros = unsafe bounce.zeroBytes
            unsafe clinux_uring_fill(
                entry, UInt8(truncatingIfNeeded: IORING_OP_WRITE.rawValue), file, zeros.baseAddress,
                UInt32(min(slot.count, UInt64(zeros.count))), offset, 0, name)
        }
    }

    private func nothing(_ entry: UnsafeMutablePointer<io_uring_sqe>, _ file: Int32, _ name: UInt64) {
        unsafe clinux_uring_fill(entry, UInt8(IORING_OP_NOP.rawValue), file, nil, 0, 0, 0, name)
    }

    /// Hands everything submitted so far to the kernel.
    @inline(__always)
    public mutating func commit() { if ring.pending > 0 { enter(wait: 0) } }

    private mutating func enter(wait: UInt32) {
        if !isEnabled {
            do throws(Errno) { try ring.enable() } catch { return abandon(error) }
            isEnabled = true
        }
        var attempts = 0
        repeat {
            let result = ring.enter(wait: wait)
            if result >= 0 { continue }
            switch Int32(truncatingIfNeeded: 0 &- result) {
            case EINTR: if wait > 0 && ring.pending == 0 { return }
            // The kernel is short of memory, or wants its completions taken first.
            case EAGAIN, EBUSY, ENOMEM:
                attempts += 1
                if attempts > 1000 { return abandon(Errno(code: EAGAIN, call: "io_uring_enter")) }
                if attempts > 1 { sched_yield() }
                gather()
            case let code: return abandon(Errno(code: code, call: "io_uring_enter"))
            }
        } while ring.pending > 0
    }

    /// Ends what the kernel would not take.
    private mutating func abandon(_ error: Errno) {
        while let name = ring.withdraw() { end(Int(truncatingIfNeeded: name), error) }
    }

    // MARK: Completing

    /// Takes one completion; nil when none waits.
    @inline(__always)
    public mutating func nextCompletion() -> BlockCompletion? {
        if let completion = finished.take() ?? reap() { return completion }
        // Work may be announced that has been done by now: one look is enough, the ring wakes its thread again.
        guard ring.pending > 0 || ring.hasDeferredWork else { return nil }
        repeat {
            enter(wait: 0)
            if let completion = finished.take() ?? reap() { return completion }
        } while ring.pending > 0
        return nil
    }

    /// Takes one completion out of the ring; what it leaves to do is put in again.
    @inline(__always)
    private mutating func reap() -> BlockCompletion? {
        while let completion = ring.nextCompletion() {
            let token = Int(truncatingIfNeeded: completion.token)
            if let outcome = advance(token, completion.result) {
                inFlight &-= 1
                return BlockCompletion(token: token, failure: outcome)
            }
        }
        return nil
    }

    /// Waits until every operation in flight is complete.
    public mutating func drain() {
        gather()
        while inFlight > 0 {
            enter(wait: 1)
            gather()
        }
    }

    /// Takes what has completed out of the ring and keeps it.
    private mutating func gather() {
        while let completion = ring.nextCompletion() {
            let token = Int(truncatingIfNeeded: completion.token)
            if let outcome = advance(token, completion.result) { end(token, outcome) }
        }
    }

    private mutating func end(_ token: Int, _ failure: Errno?) {
        inFlight &-= 1
        finished.put(BlockCompletion(token: token, failure: failure))
    }

    /// Takes the result of a step; the operation's outcome when that was the last one, otherwise its next step is in the
    /// ring.
    @inline(__always)
    private mutating func advance(_ token: Int, _ result: Int32) -> Errno?? {
        // SAFETY: the kernel returns the names it was given, each below `depth`.
        let slot = unsafe slots.base + token
        let index = Int(unsafe slot.pointee.file)
        let step = files.with(index) { unsafe slot.pointee.take(result, $0) }
        switch step {
        case .done: return .some(nil)
        case .failed(let error): return .some(error)
        case .more:
            prepare(token)
            return nil
        case .blocking:
            if unsafe slot.pointee.stage == .discardDevice { canDiscardDevice = false }
            do throws(Errno) {
                try perform(unsafe slot.pointee.rest, file: index)
                return .some(nil)
            } catch { return .some(error) }
        }
    }
}
