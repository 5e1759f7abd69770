// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Linux

extension Qcow2Engine where Files: ~Copyable {
    // SAFETY (all below): as in walking: slot numbers are below their counts, and a slot has one owner.

    /// Begins a write to clusters that no table names yet: reads what surrounds the guest's bytes first.
    mutating func startFirstWrite(_ write: PendingWrite, _ token: Int, _ data: Range<UInt64>) throws(Errno) {
        guard let index = slots.takeFirstWrite() else {
            image.abandon(write)
            throw Errno(code: EAGAIN, call: "qcow2")
        }
        let record = unsafe slots.firstWrites + index
        unsafe record.pointee.write = write
        unsafe record.pointee.operation = token
        unsafe record.pointee.data = data
        unsafe record.pointee.failure = nil
        unsafe record.pointee.fills = 1
        unsafe record.pointee.span = unsafe slots.operations[token].span
        // The operation goes on behind these bytes while they are written.
        unsafe slots.operations[token].inFlight &+= 1
        unsafe slots.operations[token].offset &+= data.upperBound &- data.lowerBound
        unsafe slots.operations[token].left &-= data.upperBound &- data.lowerBound
        if unsafe slots.operations[token].span != nil {
            unsafe slots.operations[token].span?.consume(Int(data.upperBound &- data.lowerBound))
        }
        let head = write.stored.lowerBound..<data.lowerBound
        let tail = data.upperBound..<max(write.stored.upperBound, data.upperBound)
        let headMemory = unsafe slots.head(index)
        // As far off a cluster's start as in the guest, so that O_DIRECT takes it.
        let skip = Int(data.upperBound & (UInt64(slots.clusterBytes) &- 1))
        let tailMemory = unsafe slots.tail(index) + skip
        do throws(Errno) {
            unsafe record.pointee.headIsZero = try isZero(head)
            unsafe record.pointee.tailIsZero = try isZero(tail)
            unsafe record.pointee.writesHead = !head.isEmpty && !(write.isFresh && record.pointee.headIsZero)
            unsafe record.pointee.writesTail = !tail.isEmpty && !(write.isFresh && record.pointee.tailIsZero)
            if unsafe !record.pointee.headIsZero { try unsafe fill(index, head, headMemory) }
            if unsafe !record.pointee.tailIsZero { try unsafe fill(index, tail, tailMemory) }
        } catch { unsafe record.pointee.failure = error }
        finishFill(index, nil)
    }

    private func isZero(_ range: Range<UInt64>) throws(Errno) -> Bool {
        let end = min(range.upperBound, image.capacity)
        return range.lowerBound >= end ? true : try reader.isZero(range.lowerBound..<end)
    }

    /// Reads a range of the disk as it was into memory.
    private mutating func fill(
        _ index: Int, _ range: Range<UInt64>, _ memory: UnsafeMutableRawPointer
    ) throws(Errno) {
        var at = range.lowerBound
        let end = max(min(range.upperBound, image.capacity), at)
        while at < end {
            let target = unsafe memory + Int(at &- range.lowerBound)
            switch try reader.place(of: at, count: end &- at) {
            case .zeros(let count):
                unsafe target.initializeMemory(as: UInt8.self, repeating: 0, count: Int(count))
                at &+= count
            case .compressed(let layer, let entry, let from, let count):
                let cluster = try unsafe decoded.load(reader.layer(layer), index: layer, entry: entry, from: &files)
                unsafe target.copyMemory(from: cluster + Int(from), byteCount: Int(count))
                at &+= count
            case .stored(let file, let offset, let count):
                try unsafe fill(index, target, file, offset, count)
                at &+= count
            }
        }
        if at < range.upperBound {
            unsafe (memory + Int(at &- range.lowerBound)).initializeMemory(
                as: UInt8.self, repeating: 0, count: Int(range.upperBound &- at))
        }
    }

    /// Reads part of a file: in the background where a slot is free, at once where none is.
    private mutating func fill(
        _ index: Int, _ target: UnsafeMutableRawPointer, _ file: Int, _ offset: UInt64, _ count: UInt64
    ) throws(Errno) {
        guard let part = slots.takePart() else {
            var vector = unsafe iovec(iov_base: target, iov_len: Int(count))
            return unsafe try withUnsafeMutablePointer(to: &vector) { (p) throws(Errno) in
                try unsafe files.perform(
                    .read(IOSpan(base: p, count: 1), at: offset, count: count), file: file)
            }
        }
        unsafe slots.parts[part].vectors.removeAll()
        _ = unsafe slots.parts[part].vectors.append(target, Int(count))
        unsafe slots.parts[part].owner = .fill(index)
        unsafe slots.firstWrites[index].fills &+= 1
        transfer(.read(unsafe slots.parts[part].vectors.span, at: offset, count: count), file: file, depth &+ part)
    }

    /// One read less; once there is none left, all is written in one go.
    mutating func finishFill(_ index: Int, _ failure: Errno?) {
        let record = unsafe slots.firstWrites + index
        if let failure, unsafe record.pointee.failure == nil { unsafe record.pointee.failure = failure }
        unsafe record.pointee.fills &-= 1
        guard unsafe record.pointee.fills == 0 else { return }
        if unsafe record.pointee.failure != nil || !gather(index) {
            return finishFirstWrite(index, unsafe record.pointee.failure ?? Errno(code: EINVAL, call: "qcow2"))
        }
        let write = unsafe record.pointee.write
        let guest = unsafe record.pointee.writesHead ? write.stored.lowerBound : record.pointee.data.lowerBound
        let host = write.host &+ (guest &- write.cluster << image.geometry.clusterBits)
        let span = unsafe record.pointee.vectors.span
        transfer(
            .write(span, at: host, count: unsafe record.pointee.vectors.bytes, durable: false), file: dataFile,
            depth &+ slots.partCount &+ index)
    }

    /// Puts head, the guest's bytes and tail behind each other.
    private mutating func gather(_ index: Int) -> Bool {
        let record = unsafe slots.firstWrites + index
        let data = unsafe record.pointee.data
        let stored = unsafe record.pointee.write.stored
        unsafe record.pointee.vectors.removeAll()
        if unsafe record.pointee.writesHead {
            let count = data.lowerBound &- stored.lowerBound
            let isDone =
                unsafe record.pointee.headIsZero
                ? appendZeros(count, to: &record.pointee.vectors)
                : record.pointee.vectors.append(slots.head(index), Int(count))
            guard isDone else { return false }
        }
        let count = data.upperBound &- data.lowerBound
        if var span = unsafe record.pointee.span {
            guard unsafe record.pointee.vectors.append(&span, count) else { return false }
        } else {
            guard unsafe appendZeros(count, to: &record.pointee.vectors) else { return false }
        }
        guard unsafe record.pointee.writesTail else { return true }
        let rest = stored.upperBound &- data.upperBound
        let skip = Int(data.upperBound & (UInt64(slots.clusterBytes) &- 1))
        return unsafe record.pointee.tailIsZero
            ? appendZeros(rest, to: &record.pointee.vectors)
            : record.pointee.vectors.append(slots.tail(index) + skip, Int(rest))
    }

    /// The bytes are in the file: the tables may name them.
    mutating func finishFirstWrite(_ index: Int, _ failure: Errno?) {
        let record = unsafe slots.firstWrites + index
        let write = unsafe record.pointee.write
        let operation = unsafe record.pointee.operation
        var failure = failure
        if failure == nil {
            do throws(Errno) { try image.link(write) } catch { failure = error }
        } else {
            image.abandon(write)
        }
        unsafe record.pointee.span = nil
        slots.giveFirstWrite(index)
        leave(operation, failure)
        settle(operation)
    }
}
