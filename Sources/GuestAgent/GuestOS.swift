// SPDX-License-Identifier: Apache-2.0

import VMISpec

/// What runs in the guest, as `guest-get-osinfo` says it; what the agent does not know is empty.
public struct GuestOS: Equatable, Sendable {
    /// Such as "debian".
    public var id: String
    /// Such as "Debian GNU/Linux".
    public var name: String
    /// Such as "Debian GNU/Linux 12 (bookworm)".
    public var prettyName: String
    /// Such as "12 (bookworm)".
    public var version: String
    /// Such as "12".
    public var versionID: String
    /// Such as "6.12.94-cloud-amd64".
    public var kernelRelease: String
    /// Such as "#1 SMP PREEMPT_DYNAMIC …".
    public var kernelVersion: String
    /// Such as "x86_64".
    public var machine: String

    init?(_ answer: JSONValue) {
        guard case .object = answer else { return nil }
        id = answer.text("id") ?? ""
        name = answer.text("name") ?? ""
        prettyName = answer.text("pretty-name") ?? ""
        version = answer.text("version") ?? ""
        versionID = answer.text("version-id") ?? ""
        kernelRelease = answer.text("kernel-release") ?? ""
        kernelVersion = answer.text("kernel-version") ?? ""
        machine = answer.text("machine") ?? ""
    }
}
