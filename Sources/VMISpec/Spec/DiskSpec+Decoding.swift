// SPDX-License-Identifier: Apache-2.0

extension DiskSpec {
    init(_ reader: ObjectReader) {
        name = reader.requiredString("name", "name the volume that this disk shows")
        bootOrder = reader.integer("bootOrder", in: 1...UInt32.max)
        serial = reader.string("serial")
        cache = reader.choice("cache", Cache.self)
        io = reader.choice("io", IO.self)
        errorPolicy = reader.choice("errorPolicy", ErrorPolicy.self)
        dedicatedIOThread = reader.bool("dedicatedIOThread") ?? false
        shareable = reader.bool("shareable") ?? false
        tag = reader.string("tag")
        blockSize = reader.object("blockSize") { BlockSizeSpec($0) }
        _ = reader.bool("changedBlockTracking")

        let disk = reader.object("disk") { disk in
            Target.disk(
                bus: Self.bus(in: disk), isReadOnly: disk.bool("readonly") ?? false,
                pciAddress: disk.string("pciAddress"))
        }
        let cdrom = reader.object("cdrom") { cdrom in
            Target.cdrom(
                bus: Self.bus(in: cdrom, instead: .scsi), isReadOnly: cdrom.bool("readonly") ?? true,
                tray: cdrom.choice("tray", Tray.self) ?? .closed)
        }
        let lun = reader.object("lun") { lun in
            Target.lun(
                bus: Self.bus(in: lun, instead: .scsi), isReadOnly: lun.bool("readonly") ?? false,
                reservation: lun.bool("reservation") ?? false)
        }
        let targets = [disk, cdrom, lun].compactMap(\.self)
        if targets.count > 1 {
            reader.report.refuse(reader.path, "can only have a single target type defined; keep disk")
        }
        if let target = targets.first {
            self.target = target
        } else {
            target = .disk(bus: Support.defaultDiskBus, isReadOnly: false, pciAddress: nil)
            // What is given but malformed has been reported already.
            if !["disk", "cdrom", "lun"].contains(where: reader.has) {
                Self.checkDefaultBus(at: reader.path.child("disk").child("bus"), report: reader.report)
            }
        }
        checkSerial(in: reader)
    }

    private static func bus(in reader: ObjectReader, instead: Bus = .virtio) -> Bus {
        if let bus = reader.choice("bus", Bus.self) { return bus }
        checkDefaultBus(at: reader.path.child("bus"), instead: instead, report: reader.report)
        return Support.defaultDiskBus
    }

    /// Reports the bus that KubeVirt would choose, where the machine has it not.
    static func checkDefaultBus(at path: FieldPath, instead: Bus = .virtio, report: Report) {
        guard !Support.diskBuses.contains(Support.defaultDiskBus) else { return }
        let standard = Support.defaultDiskBus.rawValue
        report.refuse(
            path,
            "is not given, which means \(standard), and \(standard) is not supported; set bus: \(instead.rawValue)")
    }

    private func checkSerial(in reader: ObjectReader) {
        guard let serial else { return }
        let field = reader.path.child("serial")
        let isPlain = serial.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "+"),
                UInt8(ascii: "-"):
                true
            default: false
            }
        }
        if !isPlain {
            reader.report.refuse(field, "must be made up of the following characters [A-Za-z0-9_.+-], if specified")
        } else if serial.utf8.count > Support.longestDiskSerial {
            reader.report.refuse(
                field,
                "must be at most \(Support.longestDiskSerial) characters, which is all a virtio disk can show; shorten it"
            )
        }
    }
}
