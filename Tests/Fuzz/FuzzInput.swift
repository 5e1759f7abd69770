// SPDX-License-Identifier: Apache-2.0

/// What libFuzzer made up, taken from the front; zeros once it is used up.
struct FuzzInput {
    private let bytes: UnsafeBufferPointer<UInt8>
    private var at = 0

    init(_ start: UnsafePointer<UInt8>, _ count: Int) { bytes = UnsafeBufferPointer(start: start, count: count) }

    var isEmpty: Bool { at >= bytes.count }

    /// Everything not taken yet.
    var rest: [UInt8] { isEmpty ? [] : Array(bytes[at...]) }

    mutating func byte() -> UInt8 {
        guard at < bytes.count else { return 0 }
        at += 1
        return bytes[at - 1]
    }

    mutating func number<T: FixedWidthInteger & UnsignedInteger>(_: T.Type = T.self) -> T {
        var value: T = 0
        for index in 0..<T.bitWidth / 8 { value |= T(truncatingIfNeeded: byte()) << (8 * index) }
        return value
    }

    mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in byte() } }
}

/// Stops the fuzzer, whatever the build's optimisation, when something that must hold does not.
func must(_ condition: @autoclosure () -> Bool, _ what: StaticString) {
    if !condition() { fatalError("\(what)") }
}
