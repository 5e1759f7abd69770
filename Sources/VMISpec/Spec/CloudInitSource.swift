// SPDX-License-Identifier: Apache-2.0

/// Data for cloud-init, which a small disk carries into the guest.
public struct CloudInitSource: Hashable, Sendable {
    /// The user data as the guest is to read it; nil where none is given or a secret holds it.
    public var userData: [UInt8]?
    /// The network data as the guest is to read it; nil where none is given or a secret holds it.
    public var networkData: [UInt8]?
    /// The secret that holds the user data.
    public var userDataSecret: String?
    /// The secret that holds the network data.
    public var networkDataSecret: String?

    /// The most bytes KubeVirt takes of either (cloudInitUserMaxLen, cloudInitNetworkMaxLen).
    static let mostBytes = 2048

    init(_ reader: ObjectReader) {
        userDataSecret = reader.object("secretRef") { $0.string("name") } ?? nil
        networkDataSecret = reader.object("networkDataSecretRef") { $0.string("name") } ?? nil
        userData = Self.data("userData", secret: "secretRef", in: reader)
        networkData = Self.data("networkData", secret: "networkDataSecretRef", in: reader)
        let keys = [
            "userData", "userDataBase64", "secretRef", "networkData", "networkDataBase64", "networkDataSecretRef",
        ]
        if !keys.contains(where: { key in reader.value(key).map { !$0.asksForNothing } ?? false }) {
            reader.report.refuse(
                reader.path,
                "must have at least one userdatasource or one networkdatasource set; write userData")
        }
    }

    private static func data(_ key: String, secret: String, in reader: ObjectReader) -> [UInt8]? {
        let plain = reader.string(key)
        let encoded = reader.string(key + "Base64")
        let sources = (plain == nil ? 0 : 1) + (encoded == nil ? 0 : 1) + (reader.has(secret) ? 1 : 0)
        if sources > 1 {
            reader.report.refuse(reader.path.child(key), "must be the only source of its data; keep one of them")
        }
        var bytes = plain.map { Array($0.utf8) }
        var field = reader.path.child(key)
        if bytes == nil, let encoded {
            field = reader.path.child(key + "Base64")
            bytes = Base64.decode(encoded)
            if bytes == nil {
                reader.report.refuse(field, "is not a valid base64 value; encode it by `base64 -w0`")
            }
        }
        if let bytes, bytes.count > mostBytes {
            reader.report.refuse(
                field, "has \(bytes.count) bytes, more than the limit of \(mostBytes); fetch the rest by #include")
        }
        return bytes
    }
}
