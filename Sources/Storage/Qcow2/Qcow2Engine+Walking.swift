// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Linux
import Synchronization

extension Qcow2Engine where Files: ~Copyable {
    // SAFETY (all below): tokens and slot numbers are below the counts the slots were made with, and each slot belongs
    // to one operation at a time.

    /// Takes up an operation that is more than one transfer.
    mutating func start(_ operation: BlockOperation, _ token: Int) -> BlockSubmission {
        var new = Qcow2Operation()
        switch operation {
        case .read(let span, let offset, let count):
            new.kind = .read
            new.span = span
            new.offset = offset
            new.left = count
        case .write(let span, let offset, let count, let durable):
            new.kind = .write
            new.span = span
            new.offset = offset
            new.left = count
            new.durable = durable
        case .flush: new.kind = .flush
        case .discard(let offset, let count):
            new.kind = .discard
            new.offset = offset
            new.left = count
            new.unmap = true
        case .writeZeroes(let offset, let count, let unmap, let durable):
            new.kind = .zero
            new.offset = offset
            new.left = count
            new.unmap = unmap
            new.durable = durable
        }
        let (end, overflow) = new.offset.addingReportingOverflow(new.left)
        if overflow || end > properties.capacity { new.failure = Errno(code: EINVAL, call: "qcow2") }
        if isReadOnly, new.kind != .read, new.kind != .flush { new.failure = Errno(code: EROFS, call: "qcow2") }
        if new.failure != nil { new.left = 0 }
        unsafe slots.operations[token] = new
        active &+= 1
        walk(token)
        while isBlocking, unsafe slots.operations[token].stop == .conflict {
            image.links.wait(while: unsafe slots.operations[token].links)
            _ = resume()
        }
        // What was finished at once needs no way through the queue.
        guard ended != taken, unsafe slots.ended[(ended &- 1) % depth].token == token,
            unsafe slots.operations[token].kind == .none
        else { return .queued }
        ended &-= 1
        return .completed(unsafe slots.ended[ended % depth].failure)
    }

    /// Takes stopped walks up again; says whether any got on.
    mutating func resume() -> Bool {
        var hasProgress = false
        for token in 0..<depth where unsafe slots.operations[token].stop != .none {
            switch unsafe slots.operations[token].stop {
            case .none: continue
            case .conflict:
                if unsafe image.links.value == slots.operations[token].links { continue }
            case .noRoom:
                if !slots.hasPart || !slots.hasFirstWrite { continue }
            }
            unsafe slots.operations[token].stop = .none
            stopped &-= 1
            hasProgress = true
            walk(token)
        }
        return hasProgress
    }

    /// Every engine's thread is on its own: that of the other one gets on.
    func waitForOthers() {
        for token in 0..<depth where unsafe slots.operations[token].stop == .conflict {
            return image.links.wait(while: unsafe slots.operations[token].links)
        }
    }

    mutating func takeEnded() -> BlockCompletion {
        defer { taken &+= 1 }
        return unsafe slots.ended[taken % depth]
    }

    mutating func note(_ completion: BlockCompletion) {
        unsafe slots.ended[ended % depth] = completion
        ended &+= 1
    }

    /// Goes on from where an operation is until it ends or must stop.
    mutating func walk(_ token: Int) {
        let operation = unsafe slots.operations + token
        unsafe operation.pointee.inFlight &+= 1
        while unsafe operation.pointee.left > 0, unsafe operation.pointee.failure == nil {
            do throws(Errno) {
                let goesOn =
                    switch unsafe operation.pointee.kind {
                    case .read: try readStep(token)
                    case .write: try writeStep(token, unsafe operation.pointee.left)
                    case .discard, .zero: try zeroStep(token)
                    case .none, .flush: false
                    }
                if !goesOn { break }
            } catch { unsafe operation.pointee.failure = error }
        }
        if unsafe operation.pointee.stop != .none { stopped &+= 1 }
        settle(token)
    }

    /// One thing less is under way for an operation; ends it when that was the last.
    func leave(_ token: Int, _ failure: Errno?) {
        if let failure, unsafe slots.operations[token].failure == nil {
            unsafe slots.operations[token].failure = failure
        }
    }

    mutating func settle(_ token: Int) {
        let operation = unsafe slots.operations + token
        unsafe operation.pointee.inFlight &-= 1
        guard unsafe operation.pointee.inFlight == 0 else { return }
        if unsafe operation.pointee.stop != .none {
            // A failed operation does not wait for what it would have done.
            guard unsafe operation.pointee.failure != nil else { return }
            unsafe operation.pointee.stop = .none
            stopped &-= 1
        }
        var failure = unsafe operation.pointee.failure
        let isFlush = unsafe operation.pointee.kind == .flush
        if failure == nil, unsafe isFlush || operation.pointee.durable, !isReadOnly {
            do throws(Errno) { try image.flush() } catch { failure = error }
        }
        unsafe operation.pointee.kind = .none
        unsafe operation.pointee.span = nil
        active &-= 1
        end(token)
        note(BlockCompletion(token: token, failure: failure))
    }

    // MARK: Steps

    /// Deals with the next stretch of a read; false when it must stop.
    private mutating func readStep(_ token: Int) throws(Errno) -> Bool {
        let operation = unsafe slots.operations + token
        guard var span = unsafe operation.pointee.span else { throw Errno(code: EINVAL, call: "qcow2") }
        let place = try unsafe reader.place(of: operation.pointee.offset, count: operation.pointee.left)
        let done: UInt64
        switch place {
        case .zeros(let count):
            slots.scratch.removeAll()
            guard slots.scratch.append(&span, count) else { throw Errno(code: EINVAL, call: "qcow2") }
            var target = slots.scratch.span
            target.clear()
            done = count
        case .compressed(let layer, let entry, let from, let count):
            let cluster = try unsafe decoded.load(reader.layer(layer), index: layer, entry: entry, from: &files)
            // SAFETY: the stretch lies within the cluster.
            guard unsafe span.write(UnsafeRawBufferPointer(start: cluster + Int(from), count: Int(count))) == Int(count)
            else { throw Errno(code: EINVAL, call: "qcow2") }
            done = count
        case .stored(let file, let at, let count):
            guard let part = slots.takePart() else {
                unsafe operation.pointee.stop = .noRoom
                return false
            }
            unsafe slots.parts[part].vectors.removeAll()
            guard unsafe slots.parts[part].vectors.append(&span, count) else {
                slots.givePart(part)
                throw Errno(code: EINVAL, call: "qcow2")
            }
            unsafe operation.pointee.inFlight &+= 1
            unsafe slots.parts[part].owner = .operation(token)
            transfer(.read(unsafe slots.parts[part].vectors.span, at: at, count: count), file: file, depth &+ part)
            done = count
        }
        unsafe operation.pointee.span = span
        unsafe operation.pointee.offset &+= done
        unsafe operation.pointee.left &-= done
        return true
    }

    /// Deals with the next stretch of a write, or of zeros to be written, up to `count` bytes.
    private mutating func writeStep(_ token: Int, _ count: UInt64) throws(Errno) -> Bool {
        let operation = unsafe slots.operations + token
        guard slots.hasPart, slots.hasFirstWrite else {
            unsafe operation.pointee.stop = .noRoom
            return false
        }
        let offset = unsafe operation.pointee.offset
        let extent = lookup.extent(at: offset, count: count, forWriting: true)
        let plan: WritePlan =
            extent.kind == .data && !image.isBroken.load(ordering: .relaxed)
            ? .inPlace(host: extent.host, count: extent.count) : try image.plan(at: offset, count: count, for: epochs)
        switch plan {
        case .wait(let links):
            unsafe operation.pointee.links = links
            unsafe operation.pointee.stop = .conflict
            return false
        case .inPlace(let host, let length):
            guard let part = slots.takePart() else { return false }
            unsafe slots.parts[part].vectors.removeAll()
            guard unsafe takeData(token, length, into: &slots.parts[part].vectors) else {
                slots.givePart(part)
                throw Errno(code: EINVAL, call: "qcow2")
            }
            unsafe operation.pointee.inFlight &+= 1
            unsafe slots.parts[part].owner = .operation(token)
            transfer(
                .write(unsafe slots.parts[part].vectors.span, at: host, count: length, durable: false),
                file: dataFile, depth &+ part)
        case .allocate(let write, let length):
            try startFirstWrite(write, token, offset..<offset &+ length)
        }
        return true
    }

    /// Moves the next bytes of an operation into a store: the guest's, or zeros.
    func takeData(_ token: Int, _ count: UInt64, into store: inout VectorStore) -> Bool {
        let operation = unsafe slots.operations + token
        unsafe operation.pointee.offset &+= count
        unsafe operation.pointee.left &-= count
        guard var span = unsafe operation.pointee.span else { return appendZeros(count, to: &store) }
        defer { unsafe operation.pointee.span = span }
        return store.append(&span, count)
    }

    /// Appends zeros, a cluster at a time.
    func appendZeros(_ count: UInt64, to store: inout VectorStore) -> Bool {
        var left = count
        while left > 0 {
            let part = min(left, UInt64(slots.clusterBytes))
            guard unsafe store.append(slots.zeros, Int(part)) else { return false }
            left &-= part
        }
        return true
    }

    /// Deals with the next stretch of a discard or of zeros.
    private mutating func zeroStep(_ token: Int) throws(Errno) -> Bool {
        let operation = unsafe slots.operations + token
        let offset = unsafe operation.pointee.offset
        let isDiscard = unsafe operation.pointee.kind == .discard
        let step = unsafe try image.zero(
            at: offset, count: operation.pointee.left, unmap: operation.pointee.unmap, isDiscard: isDiscard, for: epochs
        )
        switch step {
        case .done(let count):
            unsafe operation.pointee.offset &+= count
            unsafe operation.pointee.left &-= count
        case .wait(let links):
            unsafe operation.pointee.links = links
            unsafe operation.pointee.stop = .conflict
            return false
        case .write(let count):
            // What reads as zeros already is not made to take room.
            if try reader.isZero(offset..<offset &+ count) {
                unsafe operation.pointee.offset &+= count
                unsafe operation.pointee.left &-= count
                return true
            }
            return try writeStep(token, count)
        case .pass(let count):
            guard let part = slots.takePart() else {
                unsafe operation.pointee.stop = .noRoom
                return false
            }
            unsafe operation.pointee.offset &+= count
            unsafe operation.pointee.left &-= count
            unsafe operation.pointee.inFlight &+= 1
            unsafe slots.parts[part].owner = .operation(token)
            let unmap = unsafe operation.pointee.unmap
            transfer(
                isDiscard
                    ? .discard(at: offset, count: count)
                    : .writeZeroes(at: offset, count: count, unmap: unmap, durable: false),
                file: dataFile, depth &+ part)
        }
        return true
    }

    // MARK: Transfers

    /// Submits a transfer with a token behind the guest's.
    mutating func transfer(_ operation: BlockOperation, file: Int, _ token: Int) {
        switch files.submit(operation, file: file, token: isBlocking ? 0 : token) {
        case .queued: needsCommit = true
        case .completed(let failure): finishTransfer(token, failure)
        }
    }

    /// Hears of the end of a transfer.
    mutating func finishTransfer(_ token: Int, _ failure: Errno?) {
        let part = token &- depth
        if part >= slots.partCount { return finishFirstWrite(part &- slots.partCount, failure) }
        let owner = unsafe slots.parts[part].owner
        slots.givePart(part)
        switch owner {
        case .none: return
        case .operation(let operation):
            // A host that cannot discard has not promised to.
            let isHarmless = unsafe slots.operations[operation].kind == .discard && failure?.code == EOPNOTSUPP
            leave(operation, isHarmless ? nil : failure)
            settle(operation)
        case .fill(let index): finishFill(index, failure)
        }
    }
}
