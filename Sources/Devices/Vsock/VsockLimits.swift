// SPDX-License-Identifier: Apache-2.0

/// The bounds of a socket device.
public enum VsockLimits {
    /// Largest size of each queue.
    static let queueSize: UInt16 = 256
    /// The smallest context ID of a guest: 0 to 2 are the hypervisor, this host and any host (vsock(7)).
    public static let firstCID: UInt32 = 3
    /// The largest: the one above is VMADDR_CID_ANY.
    public static let lastCID: UInt32 = .max - 1
}
