// SPDX-License-Identifier: Apache-2.0

/// A term of ACPI Machine Language, as far as our DSDT needs the language (ACPI 6.4 §20.2).
///
/// The encoder is pure: it turns a tree of terms into bytes. Names are written as ASL writes them: `_SB.PCI0`,
/// `\_SB`, segments shorter than four characters are padded with underscores.
indirect enum AML {
    case scope(String, [AML])
    case device(String, [AML])
    case name(String, AML)
    case method(String, arguments: Int, serialized: Bool = false, [AML])
    case operationRegion(String, space: RegionSpace, offset: AML, length: AML)
    case field(region: String, access: FieldAccess, [FieldUnit])
    case createDWordField(source: AML, byteIndex: AML, name: String)
    case integer(UInt64)
    case string(String)
    case eisaID(EISAID)
    case buffer([UInt8])
    case uuid(UUIDBytes)
    case package([AML])
    case resources([Resource])
    case path(String)
    case local(Int)
    case argument(Int)
    case store(AML, into: AML)
    case and(AML, AML, into: AML)
    case or(AML, AML, into: AML)
    case equal(AML, AML)
    case notEqual(AML, AML)
    case ifTrue(AML, [AML])
    case otherwise([AML])
    case returnValue(AML)

    /// Address spaces of operation regions (ACPI 6.4 §5.5.2.4).
    enum RegionSpace: UInt8 {
        case systemMemory = 0
        case systemIO = 1
        case pciConfig = 2
    }

    /// Access widths of fields; lock rule NoLock, update rule Preserve.
    enum FieldAccess: UInt8 {
        case any = 0
        case byte = 1
        case word = 2
        case dword = 3
    }

    /// A named run of bits in a field.
    struct FieldUnit {
        var name: String
        var bits: Int
    }

    /// The AML bytes of this term.
    var encoded: [UInt8] {
        var out: [UInt8] = []
        encode(into: &out)
        return out
    }
}
