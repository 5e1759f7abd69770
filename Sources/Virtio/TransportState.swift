// SPDX-License-Identifier: Apache-2.0

/// The state of a virtio transport: its registers, and how far the device has got in each queue.
public struct TransportState: Equatable, Sendable {
    /// The registers of one queue (virtio 1.2 §4.1.4.3).
    public struct Queue: Equatable, Sendable {
        /// Number of descriptors.
        public var size: UInt16
        /// MSI-X vector, 0xFFFF for none.
        public var vector: UInt16
        /// Whether the driver enabled it.
        public var isEnabled: Bool
        /// Address of the descriptor table, or of the packed ring.
        public var descriptorTable: UInt64
        /// Address of the available ring, or of the driver's event suppression structure.
        public var driverArea: UInt64
        /// Address of the used ring, or of the device's event suppression structure.
        public var deviceArea: UInt64
        /// The next entry to take, as in `QueuePosition`.
        public var nextAvailable: UInt16
        /// The next entry to fill, as in `QueuePosition`.
        public var nextUsed: UInt16

        /// A queue nobody has touched.
        public init(size: UInt16) {
            self.size = size
            vector = 0xFFFF
            isEnabled = false
            descriptorTable = 0
            driverArea = 0
            deviceArea = 0
            nextAvailable = 0
            nextUsed = 0
        }
    }

    /// Device status (§2.1).
    public var status: UInt8 = 0
    /// Interrupt status (§4.1.4.5).
    public var interruptStatus: UInt8 = 0
    /// Configuration generation.
    public var generation: UInt8 = 0
    /// Which half of the device's features is shown.
    public var deviceFeatureSelect: UInt32 = 0
    /// Which half of the driver's features is shown.
    public var driverFeatureSelect: UInt32 = 0
    /// Features the driver accepted.
    public var driverFeatures: UInt64 = 0
    /// MSI-X vector of configuration changes, 0xFFFF for none.
    public var configurationVector: UInt16 = 0xFFFF
    /// Which queue's registers are shown.
    public var queueSelect: UInt16 = 0
    /// All queues in order.
    public var queues: [Queue]

    /// The state after a reset, for queues of these largest sizes.
    public init(queueSizes: [UInt16]) { queues = queueSizes.map { Queue(size: $0) } }
}
