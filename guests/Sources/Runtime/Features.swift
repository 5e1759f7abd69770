// SPDX-License-Identifier: Apache-2.0

/// Feature bits every virtio device may offer (virtio 1.2 §6).
public enum Features {
    /// A descriptor may point to a table of descriptors.
    public static let indirect: UInt64 = 1 << 28
    /// Notifications are suppressed by index instead of by flag.
    public static let eventIndex: UInt64 = 1 << 29
    /// The device is not a legacy one.
    public static let version1: UInt64 = 1 << 32
    /// Queues are packed instead of split.
    public static let packed: UInt64 = 1 << 34
}
