// SPDX-License-Identifier: Apache-2.0

internal import GuestMemory

/// The Differentiated System Description Table: every device no bus can enumerate (ACPI 6.4 §5.2.11.1).
enum DSDT {
    /// The last PCI bus behind the host bridge; the ECAM window has one MiB for each.
    static let lastBus = UInt8(
        truncatingIfNeeded: ((PhysicalMap.ecam.upperBound - PhysicalMap.ecam.lowerBound) >> 20) - 1)

    /// The table for `platform`.
    static func table(for platform: PlatformDescription) -> [UInt8] {
        var table = ACPITable(signature: "DSDT", revision: 2)
        var system = platform.cpus.indices.map { cpu($0, of: platform) }
        system += [hostBridge(of: platform), motherboard]
        table.append(AML.scope("_SB", system).encoded)
        let off = AML.integer(UInt64(PlatformPorts.softOffSleepType))
        table.append(AML.name("_S5", .package([off, off, .integer(0), .integer(0)])).encoded)
        return table.finished
    }

    /// A processor as a device; its `_UID` ties it to the MADT (ACPI 6.4 §8.4).
    private static func cpu(_ index: Int, of platform: PlatformDescription) -> AML {
        let digits = String(index, radix: 36, uppercase: true)
        let name = "C" + String(repeating: "0", count: max(0, 3 - digits.count)) + digits
        var terms: [AML] = [.name("_HID", .string("ACPI0007")), .name("_UID", .integer(UInt64(index)))]
        if !platform.nodes.isEmpty {
            terms.append(.name("_PXM", .integer(UInt64(truncatingIfNeeded: platform.cpus[index].node))))
        }
        return .device(name, terms)
    }

    private static func hostBridge(of platform: PlatformDescription) -> AML {
        var windows: [Resource] = [
            .busNumbers(0...UInt16(lastBus)), .io(base: 0xCF8, count: 8), .ioWindow(0...0xCF7),
            .ioWindow(0xD00...0xFFFF),
            .memoryWindow32(PhysicalMap.pciWindow32),
        ]
        let high = PhysicalMap.pciWindow64(ram: platform.memory, physicalBits: platform.physicalBits)
        if !high.isEmpty { windows.append(.memoryWindow64(high)) }
        return .device(
            "PCI0",
            [
                .name("_HID", .eisaID(.pnp(0x0A08))),
                .name("_CID", .eisaID(.pnp(0x0A03))),
                .name("_UID", .integer(0)),
                .name("_SEG", .integer(0)),
                .name("_BBN", .integer(0)),
                .name("_CCA", .integer(1)),
                .name("_CRS", .resources(windows)),
                osc,
                .device("ISA", [.name("_ADR", .integer(0x001F_0000))] + isaDevices(of: platform)),
            ])
    }

    /// Grants the guest native hot-plug, PME, AER and the PCI Express capability (PCI Firmware 3.3 §4.5.1).
    private static var osc: AML {
        let status = AML.path("CDW1")
        let control = AML.path("CDW3")
        let granted = AML.local(0)
        return .method(
            "_OSC", arguments: 4, serialized: true,
            [
                .createDWordField(source: .argument(3), byteIndex: .integer(0), name: "CDW1"),
                .ifTrue(
                    .equal(.argument(0), .uuid(UUIDBytes(0x33DB_4D5B_1FF7_401C, 0x9657_7441_C03D_D766))),
                    [
                        .createDWordField(source: .argument(3), byteIndex: .integer(8), name: "CDW3"),
                        .and(control, .integer(0x1D), into: granted),
                        .ifTrue(.notEqual(.argument(1), .integer(1)), [.or(status, .integer(0x08), into: status)]),
                        .ifTrue(.notEqual(control, granted), [.or(status, .integer(0x10), into: status)]),
                        .store(granted, into: control),
                    ]),
                .otherwise([.or(status, .integer(0x04), into: status)]),
                .returnValue(.argument(3)),
            ])
    }

    private static func isaDevices(of platform: PlatformDescription) -> [AML] {
        var devices: [AML] = []
        if platform.serial {
            devices.append(
                .device(
                    "COM1",
                    [
                        .name("_HID", .eisaID(.pnp(0x0501))), .name("_UID", .integer(1)), .name("_STA", .integer(0xF)),
                        .name(
                            "_CRS",
                            .resources([.io(base: PlatformPorts.serial, count: 8), .irq(PlatformPorts.serialIRQ)])),
                    ]))
        }
        if platform.rtc {
            devices.append(
                .device(
                    "RTC",
                    [
                        .name("_HID", .eisaID(.pnp(0x0B00))),
                        .name(
                            "_CRS", .resources([.io(base: PlatformPorts.rtc, count: 2), .irq(PlatformPorts.rtcIRQ)])),
                    ]))
        }
        if platform.pvpanic { devices.append(pvpanic) }
        return devices
    }

    /// The panic port under the identity Linux's pvpanic driver binds to; RDPT and WRPT are the interface
    /// guests without that driver may call (QEMU docs/specs/pvpanic).
    private static var pvpanic: AML {
        .device(
            "PEVT",
            [
                .name("_HID", .string("QEMU0001")), .name("_STA", .integer(0xF)),
                .name("_CRS", .resources([.io(base: PlatformPorts.pvpanic, count: 1)])),
                .operationRegion(
                    "PEOR", space: .systemIO, offset: .integer(UInt64(PlatformPorts.pvpanic)), length: .integer(1)),
                .field(region: "PEOR", access: .byte, [AML.FieldUnit(name: "PEPT", bits: 8)]),
                .method("RDPT", arguments: 0, [.store(.path("PEPT"), into: .local(0)), .returnValue(.local(0))]),
                .method("WRPT", arguments: 1, [.store(.argument(0), into: .path("PEPT"))]),
            ])
    }

    /// Keeps drivers off the ECAM window and the ports of the PM block and the reset register.
    private static var motherboard: AML {
        let ecam = PhysicalMap.ecam
        return .device(
            "MBRD",
            [
                .name("_HID", .eisaID(.pnp(0x0C02))), .name("_UID", .integer(1)),
                .name(
                    "_CRS",
                    .resources([
                        .memory32Fixed(
                            base: UInt32(truncatingIfNeeded: ecam.lowerBound),
                            count: UInt32(truncatingIfNeeded: ecam.upperBound - ecam.lowerBound)),
                        .io(base: PlatformPorts.pmBlock.lowerBound, count: UInt8(PlatformPorts.pmBlock.count)),
                    ])),
            ])
    }
}
