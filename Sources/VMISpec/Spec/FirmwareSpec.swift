// SPDX-License-Identifier: Apache-2.0

/// Firmware and boot.
public struct FirmwareSpec: Hashable, Sendable {
    /// The machine's UUID; one made of the instance's name where none is given.
    public var uuid: InstanceUUID?

    /// The machine's serial number.
    public var serial: String?

    /// A kernel to start without firmware.
    public var kernelBoot: KernelBootSpec?

    init() {}

    init(_ reader: ObjectReader) {
        if let text = reader.string("uuid") {
            uuid = InstanceUUID(text)
            if uuid == nil {
                reader.report.refuse(
                    reader.path.child("uuid"),
                    "\(printable(text)) is no UUID; write 32 hexadecimal digits as 8-4-4-4-12, or remove the field")
            }
        }
        serial = reader.string("serial")
        if let serial, serial.utf8.count > 64 || !serial.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) {
            reader.report.refuse(reader.path.child("serial"), "must be at most 64 printable ASCII characters")
        }
        kernelBoot = reader.object("kernelBoot") { KernelBootSpec($0) }
    }
}
