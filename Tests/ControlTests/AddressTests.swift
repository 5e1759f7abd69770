// SPDX-License-Identifier: Apache-2.0

import Control
import Record
import Testing

@Suite("Addresses and identities")
struct AddressTests {
    @Test(
        "a MAC address is read in both separators and cases",
        arguments: ["02:00:5e:00:00:ff", "02-00-5E-00-00-FF", "02:00:5E:00:00:fF"])
    func mac(text: String) {
        #expect(MACAddress(text)?.bytes == [2, 0, 0x5E, 0, 0, 0xFF])
        #expect(MACAddress(text)?.description == "02:00:5e:00:00:ff")
    }

    @Test(
        "what is not a MAC address is refused",
        arguments: [
            "", "02:00:5e:00:00", "02:00:5e:00:00:ff:", "02:00-5e:00:00:ff", "0g:00:5e:00:00:ff", "02005e0000ff",
            "02:00:5e:00:00:é", "::::::::::::::::",
        ])
    func notMAC(text: String) { #expect(MACAddress(text) == nil) }

    @Test("a UUID is read in both cases and written in lower case")
    func uuid() {
        let uuid = MachineUUID("5D307CA9-b3ef-428c-8861-06E72D69F223")
        #expect(uuid?.description == "5d307ca9-b3ef-428c-8861-06e72d69f223")
        #expect(uuid?.bytes.first == 0x5D && uuid?.bytes.last == 0x23)
    }

    @Test(
        "what is not a UUID is refused",
        arguments: [
            "", "5d307ca9b3ef428c886106e72d69f223", "5d307ca9-b3ef-428c-8861-06e72d69f22",
            "5d307ca9-b3ef-428c-8861-06e72d69f22g", "5d307ca9-b3ef-428c-8861-06e72d69f2233",
            "5d307ca-9b3ef-428c-8861-06e72d69f2233",
        ])
    func notUUID(text: String) { #expect(MachineUUID(text) == nil) }

    @Test("bytes of the wrong length are refused on the wire")
    func wrongLength() {
        #expect(throws: RecordError(.invalid("must be 6 bytes"))) { try MACAddress(recordValue: .bytes([1])) }
        #expect(throws: RecordError(.invalid("must be 16 bytes"))) { try MachineUUID(recordValue: .bytes([1])) }
    }
}
