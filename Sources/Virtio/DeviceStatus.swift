// SPDX-License-Identifier: Apache-2.0

/// Bits of the device status field (virtio 1.2 §2.1).
public enum DeviceStatus {
    /// The guest has noticed the device.
    public static let acknowledge: UInt8 = 1
    /// The guest knows how to drive it.
    public static let driver: UInt8 = 2
    /// The driver is set up.
    public static let driverOK: UInt8 = 4
    /// Feature negotiation is complete.
    public static let featuresOK: UInt8 = 8
    /// The device cannot go on without a reset.
    public static let needsReset: UInt8 = 64
    /// The driver gave up.
    public static let failed: UInt8 = 128
}
