// SPDX-License-Identifier: Apache-2.0

/// The byte that opens each value in a stream.
enum RecordKind: UInt8 {
    case absent = 0
    case no = 1
    case yes = 2
    case unsigned = 3
    case signed = 4
    case text = 5
    case bytes = 6
    case numbers = 7
    case list = 8
    case shapedRecord = 9
    case knownRecord = 10
}
