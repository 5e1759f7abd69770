// SPDX-License-Identifier: Apache-2.0

public import GuestMemory

/// All a device needs to begin: what was negotiated, and the queues the driver enabled.
public struct DeviceSetup: Sendable {
    /// The guest's RAM.
    public var memory: GuestMemory
    /// Feature bits that both sides accepted.
    public var features: UInt64
    /// The enabled queues, by rising index; a queue the driver left disabled is missing.
    public var queues: [QueueSetup]
    /// The way back to the transport.
    public var port: any TransportPort

    /// A setup.
    public init(memory: GuestMemory, features: UInt64, queues: [QueueSetup], port: any TransportPort) {
        self.memory = memory
        self.features = features
        self.queues = queues
        self.port = port
    }
}
