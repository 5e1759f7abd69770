// SPDX-License-Identifier: Apache-2.0

internal import GuestMemory

/// The SMBIOS 3.0 structure table and its 64-bit entry point (DMTF DSP0134).
enum SMBIOS {
    private static let chassisHandle: UInt16 = 0x300
    private static let memoryArrayHandle: UInt16 = 0x1000

    /// The structures one behind the other, types 0, 1, 2, 3, 4 a socket, 16, 17, 19, 32 and 127.
    static func structures(_ identity: SMBIOSIdentity, memory: RAMLayout) -> [UInt8] {
        var all = [firmware(identity), system(identity), baseboard(identity), chassis(identity)]
        for socket in 0..<max(1, identity.topology.sockets) { all.append(processor(identity, socket: socket)) }
        all.append(memoryArray(memory))
        all.append(memoryDevice(memory))
        for (index, region) in memory.regions.enumerated() where region.count > 0 {
            all.append(mappedAddress(region, index: index))
        }
        var status = SMBIOSStructure(type: 32, handle: 0x2000)
        status.append([0, 0, 0, 0, 0, 0, 0] as [UInt8])  // reserved, no errors detected at boot
        all += [status, SMBIOSStructure(type: 127, handle: 0x7F00)]
        return all.flatMap(\.bytes)
    }

    /// The entry point a guest finds by scanning 0xF0000 in steps of 16 bytes (DSP0134 3.0 §5.2.2).
    static func entryPoint(at address: UInt64, count: Int) -> [UInt8] {
        var out: [UInt8] = []
        out.append(ascii: "_SM3_", count: 5)
        out += [0, 24, 3, 0, 0, 1, 0]
        out.append(le: UInt32(truncatingIfNeeded: count))
        out.append(le: address)
        out[5] = out.checksum
        return out
    }

    private static func firmware(_ identity: SMBIOSIdentity) -> SMBIOSStructure {
        var s = SMBIOSStructure(type: 0, handle: 0)
        s.append(string: "Apus")
        s.append(string: identity.firmwareVersion)
        s.append(UInt16(0xF000))  // start segment
        s.append(string: "01/01/2026")
        s.append(UInt8(0))  // ROM size: 64 KiB
        s.append(UInt64(1 << 3))  // characteristics are not supported
        s.append([0x01, 0x14] as [UInt8])  // ACPI; virtual machine, targeted content distribution
        s.append([0, 0, 0xFF, 0xFF] as [UInt8])  // firmware release 0.0, no embedded controller
        s.append(UInt16(0))  // extended ROM size
        return s
    }

    private static func system(_ identity: SMBIOSIdentity) -> SMBIOSStructure {
        var s = SMBIOSStructure(type: 1, handle: 0x100)
        s.append(string: identity.manufacturer)
        s.append(string: identity.product)
        s.append(string: identity.version)
        s.append(string: identity.serial)
        s.append(identity.uuid?.mixedEndian ?? [UInt8](repeating: 0xFF, count: 16))
        s.append(UInt8(6))  // wake-up: power switch
        s.append(string: identity.sku)
        s.append(string: identity.family)
        return s
    }

    private static func baseboard(_ identity: SMBIOSIdentity) -> SMBIOSStructure {
        var s = SMBIOSStructure(type: 2, handle: 0x200)
        s.append(string: identity.manufacturer)
        s.append(string: identity.product)
        s.append(string: identity.version)
        s.append(string: identity.serial)
        s.append(UInt8(0))  // asset tag
        s.append(UInt8(1))  // hosting board
        s.append(UInt8(0))  // location
        s.append(chassisHandle)
        s.append([0x0A, 0] as [UInt8])  // motherboard, no contained objects
        return s
    }

    private static func chassis(_ identity: SMBIOSIdentity) -> SMBIOSStructure {
        let maker = identity.chassisManufacturer
        var s = SMBIOSStructure(type: 3, handle: chassisHandle)
        s.append(string: maker.isEmpty ? identity.manufacturer : maker)
        s.append(UInt8(1))  // other
        s.append(string: identity.chassisVersion)
        s.append(string: identity.chassisSerial)
        s.append(string: identity.chassisAsset)
        s.append([3, 3, 3, 2] as [UInt8])  // boot-up, power supply, thermal: safe; security: unknown
        s.append(UInt32(0))
        s.append([0, 0, 0, 0] as [UInt8])  // height, power cords, contained elements
        s.append(string: identity.chassisSKU)
        return s
    }

    private static func processor(_ identity: SMBIOSIdentity, socket: Int) -> SMBIOSStructure {
        let cores = max(1, identity.topology.cores)
        let threads = cores * max(1, identity.topology.threads)
        var s = SMBIOSStructure(type: 4, handle: 0x400 &+ UInt16(truncatingIfNeeded: socket))
        s.append(string: "CPU \(socket)")
        s.append([3, 2] as [UInt8])  // central processor, family unknown
        s.append(string: identity.manufacturer)
        s.append(UInt64(0))  // processor id
        s.append(string: identity.processor)
        s.append(UInt8(0))  // voltage
        s.append(UInt16(0))  // external clock unknown
        s.append(UInt16(0))  // maximum speed unknown
        s.append(UInt16(0))  // current speed unknown
        s.append([0x41, 1] as [UInt8])  // socket populated and enabled, upgrade: other
        for _ in 0..<3 { s.append(UInt16(0xFFFF)) }  // no cache information
        s.append([0, 0, 0] as [UInt8])  // serial, asset tag, part number
        s.append([UInt8(clamping: cores), UInt8(clamping: cores), UInt8(clamping: threads)])
        s.append(UInt16(0x0C))  // 64-bit capable, multi-core
        s.append(UInt16(2))  // family 2: unknown
        for count in [cores, cores, threads] { s.append(UInt16(clamping: count)) }
        return s
    }

    private static func memoryArray(_ memory: RAMLayout) -> SMBIOSStructure {
        let kibibytes = memory.bytes >> 10
        var s = SMBIOSStructure(type: 16, handle: memoryArrayHandle)
        s.append([1, 3, 6] as [UInt8])  // other location, system memory, multi-bit ECC
        s.append(kibibytes < 0x8000_0000 ? UInt32(truncatingIfNeeded: kibibytes) : 0x8000_0000)
        s.append(UInt16(0xFFFE))  // no error information
        s.append(UInt16(1))
        s.append(kibibytes < 0x8000_0000 ? 0 : memory.bytes)
        return s
    }

    private static func memoryDevice(_ memory: RAMLayout) -> SMBIOSStructure {
        let mebibytes = memory.bytes >> 20
        var s = SMBIOSStructure(type: 17, handle: 0x1100)
        s.append(memoryArrayHandle)
        s.append(UInt16(0xFFFE))
        s.append(UInt16(0xFFFF))  // total width unknown
        s.append(UInt16(0xFFFF))  // data width unknown
        s.append(mebibytes < 0x7FFF ? UInt16(truncatingIfNeeded: mebibytes) : 0x7FFF)
        s.append([0x09, 0] as [UInt8])  // DIMM, no set
        s.append(string: "DIMM 0")
        s.append(UInt8(0))  // bank
        s.append(UInt8(0x07))  // RAM
        s.append(UInt16(0x02))  // detail: other
        s.append(UInt16(0))  // speed unknown
        s.append(string: "Apus")
        s.append([0, 0, 0, 0] as [UInt8])  // serial, asset tag, part number, rank unknown
        s.append(mebibytes < 0x7FFF ? 0 : UInt32(truncatingIfNeeded: mebibytes & 0x7FFF_FFFF))
        s.append(UInt16(0))  // configured speed unknown
        for _ in 0..<3 { s.append(UInt16(0)) }  // voltages unknown
        return s
    }

    private static func mappedAddress(_ region: RAMRegion, index: Int) -> SMBIOSStructure {
        let first = region.start.rawValue
        let last = region.end - 1
        let fits = last >> 10 < 0xFFFF_FFFF
        var s = SMBIOSStructure(type: 19, handle: 0x1300 &+ UInt16(truncatingIfNeeded: index))
        s.append(fits ? UInt32(truncatingIfNeeded: first >> 10) : UInt32.max)
        s.append(fits ? UInt32(truncatingIfNeeded: last >> 10) : UInt32.max)
        s.append(memoryArrayHandle)
        s.append(UInt8(1))
        s.append(fits ? UInt64(0) : first)
        s.append(fits ? UInt64(0) : last)
        return s
    }
}
