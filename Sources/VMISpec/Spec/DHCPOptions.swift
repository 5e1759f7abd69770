// SPDX-License-Identifier: Apache-2.0

/// What a guest is told by DHCP beyond its address.
public struct DHCPOptions: Hashable, Sendable {
    /// Option 67.
    public var bootFileName: String?
    /// Option 66.
    public var tftpServerName: String?
    /// Option 42, IPv4 addresses.
    public var ntpServers: [String]
    /// Options 224 to 254, by number.
    public var privateOptions: [UInt8: String]

    init(_ reader: ObjectReader) {
        bootFileName = reader.string("bootFileName")
        tftpServerName = reader.string("tftpServerName")
        ntpServers = reader.strings("ntpServers")
        let options = reader.objects("privateOptions") { option in
            (number: option.integer("option", in: UInt8(224)...254), value: option.string("value") ?? "")
        }
        privateOptions = Dictionary(options.compactMap { option in option.number.map { ($0, option.value) } }) { $1 }
        if privateOptions.count < options.count(where: { $0.number != nil }) {
            reader.report.refuse(
                reader.path.child("privateOptions"), "must not give one option twice; keep one of them")
        }
    }
}
