// SPDX-License-Identifier: Apache-2.0

public import Linux

/// Where a network card's frames go to and come from; each frame follows a `virtio_net_hdr` of 12 bytes.
///
/// Never waits: nil means "not now", and `raw` becomes readable or writable when it is worth another try.
public protocol FramePort: ~Copyable, Sendable {
    /// The descriptor to watch.
    var raw: Int32 { get }
    /// What `setOffloads` accepts.
    var supportedOffloads: Offloads { get }
    /// The largest payload of a frame in bytes, when the port knows it.
    var mtu: UInt16? { get }
    /// Says what frames the reader takes from now on.
    /// - Throws: `Errno` of the host's call.
    borrowing func setOffloads(_ offloads: Offloads) throws(Errno)
    /// Says whether this queue of the interface takes part: one that does not is given no frames.
    /// - Throws: `Errno` of the host's call; a port with one queue always takes part, and then nothing happens.
    borrowing func setAttached(_ attached: Bool) throws(Errno)
    /// Plugs the cable in or pulls it as the host sees it; quietly nothing where the host cannot show it.
    borrowing func setCarrier(_ up: Bool)
    /// Says which frames the whole interface is given, as far as the host can tell them apart.
    /// - Throws: `Errno` of the host's call.
    borrowing func setFilter(_ filter: DestinationFilter) throws(Errno)
    /// Takes one frame with its header; says how many bytes. What does not fit is lost and the result is at most the
    /// span's size.
    /// - Throws: `Errno` of `readv`.
    borrowing func receive(_ span: IOSpan) throws(Errno) -> Int?
    /// Sends one frame with its header; says how many bytes.
    /// - Throws: `Errno` of `writev`; EINVAL for a frame or header the host takes for malformed.
    borrowing func send(_ span: IOSpan) throws(Errno) -> Int?
}
