// SPDX-License-Identifier: Apache-2.0

import Hardware

/// Configuration space of bus 0, by ECAM when MCFG gives one, else by ports 0xcf8 and 0xcfc (PCI 3.0 §3.2.2.3).
public struct PCI {
    enum Access {
        case memory(UInt64)
        case ports
    }

    let access: Access

    /// `pci=ports` on the command line refuses ECAM.
    /// - Throws: when ECAM cannot be mapped.
    public init(_ machine: Machine) throws(Failure) {
        if let ecam = machine.ecam, !machine.arguments.has("pci", "ports") {
            try AddressSpace.map(from: ecam.base, to: ecam.base + 1 << 20)
            access = .memory(ecam.base)
        } else {
            access = .ports
        }
    }

    /// How configuration space is reached.
    public var name: StaticString {
        switch access {
        case .memory: "ecam"
        case .ports: "ports"
        }
    }

    /// The functions present on bus 0, in order.
    public func functions() -> [PCIFunction] {
        var found: [PCIFunction] = []
        for device in UInt8(0)..<32 {
            let first = PCIFunction(access: access, device: device, function: 0)
            if first.vendor == 0xFFFF { continue }
            found.append(first)
            if first.read8(0x0E) & 0x80 == 0 { continue }
            for number in UInt8(1)..<8 {
                let function = PCIFunction(access: access, device: device, function: number)
                if function.vendor != 0xFFFF { found.append(function) }
            }
        }
        return found
    }

    /// The `index`-th function with this vendor and device id.
    /// - Throws: when there is none.
    public func find(vendor: UInt16, device: UInt16, index: Int = 0) throws(Failure) -> PCIFunction {
        var seen = 0
        for function in functions() where function.vendor == vendor && function.deviceID == device {
            if seen == index { return function }
            seen += 1
        }
        throw Failure("no-such-pci-device", seen: UInt64(seen), wanted: UInt64(vendor) << 16 | UInt64(device))
    }
}
