// SPDX-License-Identifier: Apache-2.0

/// A persistent volume claim.
public struct ClaimSource: Hashable, Sendable {
    /// The claim's name, the one given to `--pvc`.
    public var claimName: String
    /// The claim forbids writing.
    public var isReadOnly: Bool
    /// The volume may be taken away while the guest runs.
    public var hotpluggable: Bool

    init() {
        claimName = ""
        isReadOnly = false
        hotpluggable = false
    }

    init(_ reader: ObjectReader) {
        claimName = reader.requiredString("claimName", "name the claim, as in --pvc NAME=PATH")
        isReadOnly = reader.bool("readOnly") ?? false
        hotpluggable = reader.bool("hotpluggable") ?? false
        if !claimName.isEmpty, !DNSName.isSubdomain(claimName) {
            reader.report.refuse(
                reader.path.child("claimName"),
                "\(printable(claimName)) is no DNS name; use lower-case letters, digits, '-' and '.'")
        }
    }
}
