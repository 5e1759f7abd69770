// SPDX-License-Identifier: Apache-2.0

/// The MSI-X capability in a configuration space (PCI 3.0 §6.8.2.3), tied to its table.
public struct MSIXCapability: Sendable {
    /// The vectors.
    public let table: MSIXTable
    private let offset: Int

    /// Adds the capability to a space; `tableOffset` and `pendingOffset` are multiples of 8 within the BAR.
    public init(
        table: MSIXTable, bar: BAR, tableOffset: UInt32, pendingOffset: UInt32, in space: inout ConfigurationSpace
    ) {
        precondition(tableOffset & 7 == 0 && pendingOffset & 7 == 0, "MSI-X tables are aligned to 8")
        self.table = table
        let fields = [UInt32(table.count - 1), tableOffset | UInt32(bar.index), pendingOffset | UInt32(bar.index)]
        var body: [UInt8] = [UInt8(fields[0] & 0xFF), UInt8(fields[0] >> 8)]
        for field in fields.dropFirst() { for i in 0..<4 { body.append(UInt8(field >> (8 * i) & 0xFF)) } }
        offset = space.addCapability(id: MSIXTable.capabilityID, body: body, writable: [0, 0xC0])
    }

    /// Tells the table what the space's message control word says; after every write that may have changed it.
    public func apply(_ space: ConfigurationSpace) {
        let control = space.read(offset: offset + 2, size: 2)
        table.setControl(isEnabled: control & 0x8000 != 0, isFunctionMasked: control & 0x4000 != 0)
    }

    /// Masks every vector and forgets what is pending.
    public func reset() { table.reset() }

    /// Takes saved vectors and, from the restored space, their common mask over; false when their number differs.
    public func restore(_ state: MSIXState, _ space: ConfigurationSpace) -> Bool {
        guard table.restore(state) else { return false }
        apply(space)
        return true
    }
}
