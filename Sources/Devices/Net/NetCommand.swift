// SPDX-License-Identifier: Apache-2.0

import Network

/// A command of the control queue (virtio 1.2 §5.1.6.5), judged without doing it.
struct NetCommand {
    /// What has to be done on the host for a command to hold.
    struct Effects: OptionSet {
        let rawValue: UInt8
        /// The filter of destinations.
        static let filter = Effects(rawValue: 1)
        /// The offloads.
        static let offloads = Effects(rawValue: 2)
        /// The number of pairs in use.
        static let pairs = Effects(rawValue: 4)
    }

    /// What it was negotiated with.
    let features: UInt64
    /// Pairs that the card has.
    let pairs: Int

    /// Carries a command out on the state and says what follows from it; nil, with nothing changed, when it is refused.
    /// - Parameter bytes: class, command and what belongs to them; all of it the driver's.
    func apply(_ bytes: [UInt8], to state: inout NetState) -> Effects? {
        guard bytes.count >= 2 else { return nil }
        let body = bytes[2...]
        switch (bytes[0], bytes[1]) {
        case (0, let mode): return setMode(mode, body, &state.receiving)
        case (1, 0): return setTables(body, &state.receiving)
        case (1, 1): return setAddress(body, &state)
        case (2, 0): return setVLAN(body, &state.receiving, on: true)
        case (2, 1): return setVLAN(body, &state.receiving, on: false)
        case (3, 0):
            guard has(NetFeature.announce) else { return nil }
            state.announces = false
            return []
        case (4, 0): return setPairs(body, &state)
        case (5, 0): return setOffloads(body, &state)
        default: return nil
        }
    }

    private func has(_ feature: UInt64) -> Bool { features & feature != 0 }

    // VIRTIO_NET_CTRL_RX, §5.1.6.5.1.
    private func setMode(_ mode: UInt8, _ body: ArraySlice<UInt8>, _ receiving: inout NetReceiving) -> Effects? {
        guard has(mode < 2 ? NetFeature.controlReceive : NetFeature.controlReceiveExtra), let flag = body.first else {
            return nil
        }
        switch mode {
        case 0: receiving.isPromiscuous = flag != 0
        case 1: receiving.allMulticast = flag != 0
        case 2: receiving.allUnicast = flag != 0
        case 3: receiving.noMulticast = flag != 0
        case 4: receiving.noUnicast = flag != 0
        case 5: receiving.noBroadcast = flag != 0
        default: return nil
        }
        return .filter
    }

    // VIRTIO_NET_CTRL_MAC_TABLE_SET, §5.1.6.5.2: two tables, each a count and its addresses.
    private func setTables(_ body: ArraySlice<UInt8>, _ receiving: inout NetReceiving) -> Effects? {
        var rest = body
        guard has(NetFeature.controlReceive), let unicast = NetCommand.table(&rest),
            let multicast = NetCommand.table(&rest)
        else { return nil }
        receiving.unicast = unicast.count > NetLimits.tableEntries ? nil : unicast
        receiving.multicast = multicast.count > NetLimits.tableEntries ? nil : multicast
        return .filter
    }

    private static func table(_ bytes: inout ArraySlice<UInt8>) -> [MACAddress]? {
        guard let count = number(bytes, 4), count <= UInt64(NetLimits.commandBytes),
            bytes.count - 4 >= 6 * Int(count)
        else { return nil }
        bytes = bytes.dropFirst(4)
        var table: [MACAddress] = []
        for _ in 0..<Int(count) {
            table.append(address(bytes))
            bytes = bytes.dropFirst(6)
        }
        return table
    }

    private func setAddress(_ body: ArraySlice<UInt8>, _ state: inout NetState) -> Effects? {
        guard has(NetFeature.controlAddress), body.count == 6 else { return nil }
        let mac = NetCommand.address(body)
        guard mac.isUsable else { return nil }
        state.mac = mac
        return .filter
    }

    // VIRTIO_NET_CTRL_VLAN, §5.1.6.5.3.
    private func setVLAN(_ body: ArraySlice<UInt8>, _ receiving: inout NetReceiving, on: Bool) -> Effects? {
        guard has(NetFeature.controlVLAN), body.count == 2, let number = NetCommand.number(body, 2), number < 4096
        else {
            return nil
        }
        let vlan = UInt16(number)
        let place = receiving.vlans.firstIndex { $0 >= vlan } ?? receiving.vlans.count
        let isThere = place < receiving.vlans.count && receiving.vlans[place] == vlan
        if on && !isThere { receiving.vlans.insert(vlan, at: place) }
        if !on && isThere { receiving.vlans.remove(at: place) }
        return []
    }

    // VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET, §5.1.6.5.5.
    private func setPairs(_ body: ArraySlice<UInt8>, _ state: inout NetState) -> Effects? {
        guard has(NetFeature.multiQueue), body.count == 2, let number = NetCommand.number(body, 2), number >= 1,
            number <= UInt64(pairs)
        else { return nil }
        state.pairs = UInt16(number)
        return .pairs
    }

    // VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET, §5.1.6.5.6.
    private func setOffloads(_ body: ArraySlice<UInt8>, _ state: inout NetState) -> Effects? {
        guard has(NetFeature.controlOffloads), body.count == 8, let bits = NetCommand.number(body, 8),
            bits & ~(features & NetFeature.guestOffloads) == 0
        else { return nil }
        state.offloads = bits
        return .offloads
    }

    private static func number(_ bytes: ArraySlice<UInt8>, _ count: Int) -> UInt64? {
        guard bytes.count >= count else { return nil }
        return bytes.prefix(count).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    private static func address(_ bytes: ArraySlice<UInt8>) -> MACAddress {
        MACAddress(rawValue: bytes.prefix(6).reduce(0) { $0 << 8 | UInt64($1) })
    }
}
