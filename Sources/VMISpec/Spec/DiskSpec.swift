// SPDX-License-Identifier: Apache-2.0

/// A disk of the machine.
public struct DiskSpec: Hashable, Sendable {
    /// How the disk is attached.
    public enum Bus: String, CaseIterable, Hashable, Sendable {
        case virtio
        case sata
        case scsi
        case usb
    }

    /// What kind of disk the guest sees.
    public enum Target: Hashable, Sendable {
        case disk(bus: Bus, isReadOnly: Bool, pciAddress: String?)
        case cdrom(bus: Bus, isReadOnly: Bool, tray: Tray)
        case lun(bus: Bus, isReadOnly: Bool, reservation: Bool)

        /// How the disk is attached.
        public var bus: Bus {
            switch self {
            case .disk(let bus, _, _), .cdrom(let bus, _, _), .lun(let bus, _, _): bus
            }
        }

        /// True when the guest must not write.
        public var isReadOnly: Bool {
            switch self {
            case .disk(_, let isReadOnly, _), .cdrom(_, let isReadOnly, _), .lun(_, let isReadOnly, _): isReadOnly
            }
        }
    }

    /// The state of a CD-ROM's tray.
    public enum Tray: String, CaseIterable, Hashable, Sendable {
        case open
        case closed
    }

    /// How the host caches.
    public enum Cache: String, CaseIterable, Hashable, Sendable {
        case none
        case writethrough
        case writeback
    }

    /// How the host reads and writes.
    public enum IO: String, CaseIterable, Hashable, Sendable {
        case native
        case threads
    }

    /// What an error of the host's disk does to the guest.
    public enum ErrorPolicy: String, CaseIterable, Hashable, Sendable {
        case stop
        case ignore
        case report
        case enospace
    }

    /// The name, which is also the volume's.
    public var name: String
    /// What kind of disk the guest sees.
    public var target: Target
    /// The place in the order of boot, from 1.
    public var bootOrder: UInt32?
    /// The serial number the guest sees.
    public var serial: String?
    /// How the host caches.
    public var cache: Cache?
    /// How the host reads and writes.
    public var io: IO?
    /// What an error of the host's disk does to the guest.
    public var errorPolicy: ErrorPolicy?
    /// The disk has an I/O thread of its own.
    public var dedicatedIOThread: Bool
    /// Several machines may write to it.
    public var shareable: Bool
    /// A word for the guest's configuration data.
    public var tag: String?
    /// The size of blocks, if they were described.
    public var blockSize: BlockSizeSpec?
}
