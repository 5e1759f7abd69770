// SPDX-License-Identifier: Apache-2.0

extension RecordField where Self: FixedWidthInteger {
    /// The number, in either signedness, that `recordValue` holds.
    /// - Throws: `RecordError` when it is not a number or does not fit.
    public init(recordValue: RecordValue) throws(RecordError) {
        let fitting: Self?
        switch recordValue {
        case .unsigned(let number): fitting = Self(exactly: number)
        case .signed(let number): fitting = Self(exactly: number)
        default:
            let expected = Self.isSigned ? "signed" : "unsigned"
            throw RecordError(.wrongKind(expected: expected, found: recordValue.kind))
        }
        guard let fitting else {
            throw RecordError(.outOfRange(type: "\(Self.self)", found: recordValue.description))
        }
        self = fitting
    }
}

extension RecordField where Self: FixedWidthInteger & UnsignedInteger {
    /// The number as an unsigned value.
    public var recordValue: RecordValue { .unsigned(UInt64(self)) }

    /// The numbers packed, without a kind for each.
    public static func recordValue(listing values: [Self]) -> RecordValue {
        .numbers(values.map { UInt64($0) })
    }

    /// Reads packed numbers.
    /// - Throws: `RecordError` when it is of another kind or a number does not fit.
    public static func list(from value: RecordValue) throws(RecordError) -> [Self] {
        guard case .numbers(let numbers) = value else {
            throw RecordError(.wrongKind(expected: "numbers", found: value.kind))
        }
        var list: [Self] = []
        list.reserveCapacity(numbers.count)
        for (index, number) in numbers.enumerated() {
            guard let fitting = Self(exactly: number) else {
                throw RecordError(.outOfRange(type: "\(Self.self)", found: "\(number)")).inside(.index(index))
            }
            list.append(fitting)
        }
        return list
    }
}

extension RecordField where Self: FixedWidthInteger & SignedInteger {
    /// The number as a signed value.
    public var recordValue: RecordValue { .signed(Int64(self)) }
}

extension UInt16: RecordField {}
extension UInt32: RecordField {}
extension UInt64: RecordField {}
extension UInt: RecordField {}
extension Int8: RecordField {}
extension Int16: RecordField {}
extension Int32: RecordField {}
extension Int64: RecordField {}
extension Int: RecordField {}

extension UInt8: RecordField {
    /// The bytes as they are.
    public static func recordValue(listing values: [UInt8]) -> RecordValue { .bytes(values) }

    /// Reads bytes.
    /// - Throws: `RecordError` when it is of another kind.
    public static func list(from value: RecordValue) throws(RecordError) -> [UInt8] {
        guard case .bytes(let bytes) = value else {
            throw RecordError(.wrongKind(expected: "bytes", found: value.kind))
        }
        return bytes
    }
}
