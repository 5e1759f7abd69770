// SPDX-License-Identifier: Apache-2.0

import Glibc
internal import Linux
internal import Virtio

/// The storage of one request in flight, made once and used again and again.
@safe
struct SCSISlot: ~Copyable {
    /// What the engine is asked for.
    enum Kind: UInt32 { case none, read, write, flush, unmap, zero, fill }

    /// The chain to give back.
    var token = ChainToken.none
    /// The driver's name of the request.
    var id: UInt64 = 0
    var kind = Kind.none
    var isDurable = false
    /// The space of zeros may be given back.
    var mayUnmap = false
    /// First byte on the medium, and data bytes.
    var offset: UInt64 = 0
    var count = 0
    /// Bytes the driver has room for, or sent, beyond `count`.
    var residual = 0
    /// Where the response goes, then the data; never changed while the request is in flight.
    var vector: IOVector
    /// How many entries of `vector` are the response.
    var responseCount = 0
    /// Ranges of UNMAP and WRITE SAME, all judged before the first is carried out.
    var ranges = InlineArray<32, SCSIRange>(repeating: SCSIRange())
    var rangeCount = 0
    /// Ranges already submitted.
    var rangesDone = 0
    /// What a WRITE SAME writes again and again: whole blocks, allocated for it.
    var fill: UnsafeMutableRawBufferPointer?
    /// `fill` as the engine takes it.
    let fillEntry: UnsafeMutablePointer<iovec>
    /// Why the host failed it, once it is parked.
    var failure: Errno?

    init(segments: Int) {
        // The segment on the border of response and data is cut in two.
        vector = IOVector(capacity: segments + 1)
        unsafe fillEntry = .allocate(capacity: 1)
        unsafe fillEntry.initialize(to: iovec())
        unsafe fill = nil
    }

    deinit {
        unsafe fillEntry.deallocate()
        unsafe fill?.deallocate()
    }
}
