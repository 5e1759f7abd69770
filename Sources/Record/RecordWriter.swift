// SPDX-License-Identifier: Apache-2.0

/// Turns values into a stream.
struct RecordWriter {
    private(set) var bytes: [UInt8] = Record.magic + [Record.codecVersion]
    private var shapes: [RecordShape: UInt64] = [:]

    mutating func write(_ value: RecordValue) {
        switch value {
        case .absent: open(.absent)
        case .bool(let value): open(value ? .yes : .no)
        case .unsigned(let number):
            open(.unsigned)
            write(number)
        case .signed(let number):
            open(.signed)
            write(UInt64(bitPattern: (number << 1) ^ (number >> 63)))
        case .text(let text):
            open(.text)
            write(counted: text.utf8)
        case .bytes(let raw):
            open(.bytes)
            write(counted: raw)
        case .numbers(let numbers):
            open(.numbers)
            write(UInt64(numbers.count))
            for number in numbers { write(number) }
        case .list(let values):
            open(.list)
            write(UInt64(values.count))
            for value in values { write(value) }
        case .record(let object):
            write(object.shape)
            for value in object.values { write(value) }
        }
    }

    private mutating func open(_ kind: RecordKind) { bytes.append(kind.rawValue) }

    private mutating func write(_ shape: RecordShape) {
        if let index = shapes[shape] {
            open(.knownRecord)
            write(index)
            return
        }
        shapes[shape] = UInt64(shapes.count)
        open(.shapedRecord)
        write(counted: shape.name.utf8)
        write(UInt64(shape.version))
        write(UInt64(shape.fields.count))
        for field in shape.fields { write(counted: field.utf8) }
    }

    private mutating func write(counted content: some Collection<UInt8>) {
        write(UInt64(content.count))
        bytes.append(contentsOf: content)
    }

    private mutating func write(_ number: UInt64) {
        var rest = number
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }
}
