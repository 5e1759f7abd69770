// SPDX-License-Identifier: Apache-2.0

/// A port that is forwarded to the guest.
public struct PortSpec: Hashable, Sendable {
    /// Its protocol.
    public enum Transport: String, CaseIterable, Hashable, Sendable {
        case tcp = "TCP"
        case udp = "UDP"
    }

    /// Its name, if it has one.
    public var name: String?
    /// Its protocol: TCP where not given.
    public var transport: Transport
    /// Its number, from 1.
    public var port: UInt16

    init(_ reader: ObjectReader) {
        name = reader.string("name")
        transport = reader.choice("protocol", Transport.self) ?? .tcp
        if !reader.has("port") {
            reader.report.refuse(reader.path.child("port"), "is required; give a number from 1 to 65535")
        }
        port = reader.integer("port", in: 1...UInt16.max) ?? 0
    }
}
