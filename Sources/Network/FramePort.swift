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
    /// Takes one frame with its header; says how many bytes. What does not fit is lost and the result is at most the
    /// span's size.
    /// - Throws: `Errno` of `readv`.
    borrowing func receive(_ span: IOSpan) throws(Errno) -> Int?
    /// Sends one frame with its header; says how many bytes.
    /// - Throws: `Errno` of `writev`; EINVAL for a frame or header the host takes for malformed.
    borrowing func send(_ span: IOSpan) throws(Errno) -> Int?
}
