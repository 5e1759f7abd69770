// SPDX-License-Identifier: Apache-2.0

import Virtio

/// Feature bits of a socket device (virtio 1.2 §5.10.3).
enum VsockFeature {
    /// VIRTIO_VSOCK_F_STREAM; a device that offers neither of the two has stream sockets.
    static let stream: UInt64 = 1 << 0
    /// VIRTIO_VSOCK_F_SEQPACKET.
    static let seqpacket: UInt64 = 1 << 1
    /// Those that a kernel may have and a driver may use.
    static let all = stream | seqpacket
}
