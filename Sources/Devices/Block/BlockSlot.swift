// SPDX-License-Identifier: Apache-2.0

internal import Linux
import Virtio

/// The storage of one request in flight, made once and used again and again.
@safe
struct BlockSlot: ~Copyable {
    /// What is to be counted when it ends.
    enum Kind { case none, read, write, flush, discard, writeZeroes }

    /// The chain to give back.
    var token = ChainToken.none
    /// Where the status byte goes: the last writable byte of the chain, checked to be RAM.
    var status: UnsafeMutablePointer<UInt8>?
    var kind = Kind.none
    /// Data bytes of the request.
    var count = 0
    /// First byte on the disk of a read or write.
    var offset: UInt64 = 0
    /// Why the host failed it, once it is parked.
    var failure: Errno?
    /// The data's segments; never changed while the request is in flight.
    var vector: IOVector
    /// The ranges of a discard or write-zeroes, all judged before the first is carried out.
    var ranges = InlineArray<32, BlockRange>(repeating: BlockRange())
    var rangeCount = 0
    /// Ranges already submitted.
    var rangesDone = 0

    init(segments: Int) {
        vector = IOVector(capacity: segments)
        unsafe status = nil
    }
}
