// SPDX-License-Identifier: Apache-2.0

/// Feature bits of a console (virtio 1.2 §5.3.3).
public enum ConsoleFeature {
    /// VIRTIO_CONSOLE_F_MULTIPORT: several ports, told of by the control queues.
    public static let multiport: UInt64 = 1 << 1
}
