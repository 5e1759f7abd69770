// SPDX-License-Identifier: Apache-2.0

public import Network

/// What a network card carries to another host beside its transport's state: frames in flight are lost, as on any wire.
public struct NetState: Equatable, Sendable {
    /// The card's address.
    public var mac: MACAddress
    /// The cable is plugged in.
    public var isUp: Bool

    /// A state.
    public init(mac: MACAddress, isUp: Bool) {
        self.mac = mac
        self.isUp = isUp
    }
}
