// SPDX-License-Identifier: Apache-2.0

public import Network
public import Record

/// What a driver wants to receive, as its control queue said (virtio 1.2 §5.1.6.5.1 to §5.1.6.5.3).
public struct NetReceiving: Recordable, Equatable, Sendable {
    /// The record's name in a stream.
    public static let recordName = "netReceiving"

    /// Every frame; so it is until a driver says otherwise.
    public var isPromiscuous = true
    /// Every group's frames.
    public var allMulticast = false
    /// Every single station's frames.
    public var allUnicast = false
    /// No group's frames.
    public var noMulticast = false
    /// No single station's frames.
    public var noUnicast = false
    /// No broadcasts.
    public var noBroadcast = false
    /// Stations beside the card's own address; nil when the driver named more than are kept, which wants all.
    public var unicast: [MACAddress]? = []
    /// Groups; nil as with stations.
    public var multicast: [MACAddress]? = []
    /// VLANs in rising order. They are kept for the driver's next host, and all are let through: a tap has no such
    /// filter, and filtering is best effort (§5.1.6.5.3.1).
    public var vlans: [UInt16] = []

    /// What a driver wants that has said nothing.
    public init() {}

    /// The filter of a card with this address.
    public func filter(mac: MACAddress) -> DestinationFilter {
        guard !isPromiscuous, !allUnicast, let unicast else { return .all }
        let groups = noMulticast ? [] : multicast
        var addresses = noUnicast ? [] : [mac] + unicast
        if !noBroadcast { addresses.append(MACAddress(rawValue: 0xFFFF_FFFF_FFFF)) }
        addresses += groups ?? []
        // A filter without an address would let everything through: this one no frame ever has.
        if addresses.isEmpty { addresses = [MACAddress(rawValue: 0)] }
        return DestinationFilter(
            addresses: addresses, takesAllMulticast: !noMulticast && (allMulticast || groups == nil))
    }

    /// Puts every field.
    public func encode(into fields: inout RecordEncoder) {
        fields.put("isPromiscuous", isPromiscuous)
        fields.put("allMulticast", allMulticast)
        fields.put("allUnicast", allUnicast)
        fields.put("noMulticast", noMulticast)
        fields.put("noUnicast", noUnicast)
        fields.put("noBroadcast", noBroadcast)
        fields.put("unicast", unicast?.map(\.rawValue))
        fields.put("multicast", multicast?.map(\.rawValue))
        fields.put("vlans", vlans)
    }

    /// Takes every field.
    /// - Throws: `RecordError` when a field is missing or is not what it should be.
    public init(from fields: inout RecordDecoder) throws(RecordError) {
        isPromiscuous = try fields.take("isPromiscuous")
        allMulticast = try fields.take("allMulticast")
        allUnicast = try fields.take("allUnicast")
        noMulticast = try fields.take("noMulticast")
        noUnicast = try fields.take("noUnicast")
        noBroadcast = try fields.take("noBroadcast")
        let stations: [UInt64]? = try fields.take("unicast")
        let groups: [UInt64]? = try fields.take("multicast")
        unicast = stations?.prefix(NetLimits.tableEntries).map { MACAddress(rawValue: $0) }
        multicast = groups?.prefix(NetLimits.tableEntries).map { MACAddress(rawValue: $0) }
        vlans = try fields.take("vlans")
    }
}
