// SPDX-License-Identifier: Apache-2.0

internal import Linux

/// An operation of the guest that is more than one transfer of one file.
@safe
struct Qcow2Operation {
    enum Kind { case none, read, write, flush, discard, zero }
    /// Why its walk has stopped.
    enum Stop {
        /// It has not, or it has come to the end.
        case none
        /// Every slot for transfers is taken.
        case noRoom
        /// Another operation links its first write to the same cluster.
        case conflict
    }

    var kind = Kind.none
    /// The guest's memory that is not dealt with yet.
    var span: IOSpan?
    var offset: UInt64 = 0
    /// Bytes not dealt with yet.
    var left: UInt64 = 0
    var durable = false
    var unmap = false
    /// Transfers and first writes under way.
    var inFlight = 0
    var failure: Errno?
    var stop = Stop.none
    /// What `links` was when it met a conflict.
    var links: UInt32 = 0
}

/// One transfer under way.
struct Qcow2Part {
    enum Owner {
        case none
        /// Data of an operation.
        case operation(Int)
        /// What surrounds a first write.
        case fill(Int)
    }

    var owner = Owner.none
    var vectors: VectorStore
}

/// A first write to clusters, with what surrounds it.
struct Qcow2FirstWrite {
    var write: PendingWrite
    var operation = 0
    /// The guest's part.
    var data: Range<UInt64> = 0..<0
    /// Reads of what surrounds it that are under way, and the planning itself.
    var fills = 0
    var failure: Errno?
    /// Whether what surrounds the data is written at all, or is there already.
    var writesHead = false
    var writesTail = false
    var headIsZero = false
    var tailIsZero = false
    /// The guest's memory, or nil for zeros.
    var span: IOSpan?
    var vectors: VectorStore
}
