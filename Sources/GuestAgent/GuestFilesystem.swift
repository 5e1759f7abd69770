// SPDX-License-Identifier: Apache-2.0

import VMISpec

/// A mounted file system of the guest, as `guest-get-fsinfo` says it.
public struct GuestFilesystem: Equatable, Sendable {
    /// A disk that it lies on.
    public struct Disk: Equatable, Sendable {
        /// Such as "virtio".
        public var busType: String
        /// The disk's serial number; nil where there is none.
        public var serial: String?
        /// Such as "/dev/vda1"; nil where the agent does not say.
        public var device: String?
    }

    /// Such as "vda1".
    public var name: String
    /// Such as "/".
    public var mountpoint: String
    /// Such as "ext4".
    public var type: String
    /// Bytes in use; nil where the agent does not say.
    public var usedBytes: UInt64?
    /// Bytes that it can hold; nil where the agent does not say.
    public var totalBytes: UInt64?
    /// What it lies on.
    public var disks: [Disk]

    static let most = 128

    init?(_ answer: JSONValue) {
        guard let name = answer.text("name"), let mountpoint = answer.text("mountpoint") else { return nil }
        self.name = name
        self.mountpoint = mountpoint
        type = answer.text("type") ?? ""
        usedBytes = answer.count("used-bytes")
        totalBytes = answer.count("total-bytes")
        disks = answer.list("disk", limit: Self.most).map { disk in
            Disk(busType: disk.text("bus-type") ?? "", serial: disk.text("serial"), device: disk.text("dev"))
        }
    }
}
