// SPDX-License-Identifier: Apache-2.0

public import PCI

/// The state of a virtio function: everything but guest memory and what the device itself keeps.
public struct VirtioPCIState: Equatable, Sendable {
    /// The first 256 bytes of configuration space.
    public var configuration: [UInt8]
    /// The vector table.
    public var msix: MSIXState
    /// The virtio registers.
    public var transport: TransportState

    /// A function's state.
    public init(configuration: [UInt8], msix: MSIXState, transport: TransportState) {
        self.configuration = configuration
        self.msix = msix
        self.transport = transport
    }
}
