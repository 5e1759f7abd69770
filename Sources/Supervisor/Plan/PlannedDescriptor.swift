// SPDX-License-Identifier: Apache-2.0

import VMISpec

/// A descriptor that a configuration refers to by its place in the list, and what is opened for it.
public struct PlannedDescriptor: Equatable, Sendable {
    /// What is opened.
    public enum Source: Equatable, Sendable {
        /// A file at an absolute path of an image, which this directory stands for.
        case image(path: String, directory: String)
        /// The disk of a volume.
        case volume(VolumeSpec, isReadOnly: Bool)
        /// A queue of a tap device, for the interface at this place of the configuration.
        case tap(name: String, isOneOfSeveral: Bool, network: String, interface: Int)
        /// The kernel's network backend, for one pair of queues.
        case vhostNet
        /// A vhost-vsock device with this context ID, or the first free one from a number on.
        case vsock(cid: UInt32?, start: UInt32)
        /// The listening socket of the first serial port.
        case console
        /// The guest's end of the guest agent's channel.
        case agent
    }

    /// What is opened.
    public var source: Source
    /// The path of the manifest's field that asks for it.
    public var field: String

    /// A descriptor to open.
    public init(_ source: Source, field: String) {
        self.source = source
        self.field = field
    }
}
