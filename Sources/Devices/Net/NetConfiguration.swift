// SPDX-License-Identifier: Apache-2.0

import Network

/// `struct virtio_net_config` as the driver reads it (virtio 1.2 §5.1.4).
struct NetConfiguration {
    private var fields = ConfigurationBytes(count: 12)

    /// The structure of a card now.
    init(_ state: NetState, mtu: UInt16?, pairs: Int) {
        for i in 0..<6 { fields.put(state.mac.byte(i), at: i) }
        fields.put(UInt16((state.isUp ? 1 : 0) | (state.announces ? 2 : 0)), at: 6)
        fields.put(UInt16(truncatingIfNeeded: pairs), at: 8)
        fields.put(mtu ?? 0, at: 10)
    }

    /// Reads `size` bytes.
    func read(at offset: Int, size: Int) -> UInt64 { fields.read(at: offset, size: size) }
}
