// SPDX-License-Identifier: Apache-2.0

public import Record

/// The state of what a root bus has beside its devices: the bridges' registers and the latched configuration address.
public struct ChipsetState: Recordable, Equatable, Sendable {
    /// The record's name in a stream.
    public static let recordName = "chipset"

    /// Registers of the host bridge, 256 bytes.
    public var hostBridge: [UInt8]
    /// Registers of the LPC bridge, 256 bytes.
    public var lpcBridge: [UInt8]
    /// The address in port 0xCF8.
    public var configurationAddress: UInt32

    /// The state of these three.
    public init(hostBridge: FixedFunction, lpcBridge: FixedFunction, mechanism: ConfigurationMechanism1) {
        self.hostBridge = hostBridge.state
        self.lpcBridge = lpcBridge.state
        configurationAddress = mechanism.address
    }

    /// Takes the state over; false, with nothing changed, when it is not one that these could have been in.
    public func restore(
        hostBridge: FixedFunction, lpcBridge: FixedFunction, mechanism: ConfigurationMechanism1
    ) -> Bool {
        let before = hostBridge.state
        guard hostBridge.restore(self.hostBridge) else { return false }
        guard lpcBridge.restore(self.lpcBridge) else {
            _ = hostBridge.restore(before)
            return false
        }
        mechanism.address = configurationAddress
        return true
    }

    /// Puts every field.
    public func encode(into fields: inout RecordEncoder) {
        fields.put("hostBridge", hostBridge)
        fields.put("lpcBridge", lpcBridge)
        fields.put("configurationAddress", configurationAddress)
    }

    /// Takes every field; says nothing about their sense, which `restore` judges.
    /// - Throws: `RecordError` when a field is missing or is not what it should be.
    public init(from fields: inout RecordDecoder) throws(RecordError) {
        hostBridge = try fields.take("hostBridge")
        lpcBridge = try fields.take("lpcBridge")
        configurationAddress = try fields.take("configurationAddress")
    }
}
