// SPDX-License-Identifier: Apache-2.0

/// `struct virtio_vsock_config` (virtio 1.2 §5.10.4).
enum VsockConfiguration {
    /// Bytes of the guest's context ID, which is all there is.
    static func read(cid: UInt32, at offset: Int, size: Int) -> UInt64 {
        var bytes = ConfigurationBytes(count: 8)
        bytes.put(UInt64(cid), at: 0)
        return bytes.read(at: offset, size: size)
    }
}
