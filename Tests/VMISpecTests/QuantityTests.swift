// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import VMISpec

@Suite("A quantity")
struct QuantityTests {
    /// Text, value in billionths, whole value rounded away from zero, canonical text.
    typealias Row = (text: String, nanos: Int128, value: Int64, canonical: String)

    static let one: Int128 = 1_000_000_000

    static let whole: [Row] = [
        ("0", 0, 0, "0"), ("+0", 0, 0, "0"), ("-0", 0, 0, "0"), ("00", 0, 0, "0"), ("0.0", 0, 0, "0"),
        ("0Ki", 0, 0, "0"), ("0e5", 0, 0, "0"), ("0n", 0, 0, "0"), ("0.", 0, 0, "0"), (".0", 0, 0, "0"),
        ("1", one, 1, "1"), ("+1", one, 1, "1"), ("-1", -one, -1, "-1"), ("1.", one, 1, "1"), ("01", one, 1, "1"),
        ("1.0", one, 1, "1"), ("12", 12 * one, 12, "12"), ("100", 100 * one, 100, "100"),
        ("999", 999 * one, 999, "999"), ("1000", 1000 * one, 1000, "1k"), ("1001", 1001 * one, 1001, "1001"),
        ("1500", 1500 * one, 1500, "1500"), ("100000", 100_000 * one, 100_000, "100k"),
        ("1k", 1000 * one, 1000, "1k"), ("1M", 1_000_000 * one, 1_000_000, "1M"),
        ("1G", 1_000_000_000 * one, 1_000_000_000, "1G"), ("1T", 1_000_000_000_000 * one, 1_000_000_000_000, "1T"),
        ("1P", 1_000_000_000_000_000 * one, 1_000_000_000_000_000, "1P"),
        ("1E", 1_000_000_000_000_000_000 * one, 1_000_000_000_000_000_000, "1E"),
        ("9E", 9_000_000_000_000_000_000 * one, 9_000_000_000_000_000_000, "9E"),
        ("1Ki", 1024 * one, 1024, "1Ki"), ("1Mi", (1 << 20) * one, 1 << 20, "1Mi"),
        ("1Gi", (1 << 30) * one, 1 << 30, "1Gi"), ("1Ti", (1 << 40) * one, 1 << 40, "1Ti"),
        ("1Pi", (1 << 50) * one, 1 << 50, "1Pi"), ("1Ei", (1 << 60) * one, 1 << 60, "1Ei"),
        ("7Ei", 7 * (1 << 60) * one, 7 << 60, "7Ei"), ("-7Ei", -7 * (1 << 60) * one, -7 << 60, "-7Ei"),
        ("1024Ki", (1 << 20) * one, 1 << 20, "1Mi"), ("1025Ki", 1025 * 1024 * one, 1025 * 1024, "1025Ki"),
        ("512Mi", (512 << 20) * one, 512 << 20, "512Mi"), ("0512Mi", (512 << 20) * one, 512 << 20, "512Mi"),
        ("2048Mi", (2 << 30) * one, 2 << 30, "2Gi"), ("1e3", 1000 * one, 1000, "1e3"),
        ("1E3", 1000 * one, 1000, "1e3"), ("1e+3", 1000 * one, 1000, "1e3"), ("1e03", 1000 * one, 1000, "1e3"),
        ("12e6", 12_000_000 * one, 12_000_000, "12e6"), ("1e4", 10_000 * one, 10_000, "10e3"),
        ("1e0", one, 1, "1"), ("1000e-3", one, 1, "1"),
        ("9223372036854775807", Int128(Int64.max) * one, .max, "9223372036854775807"),
        ("-9223372036854775807", -Int128(Int64.max) * one, -.max, "-9223372036854775807"),
        ("9223372036854775807000m", Int128(Int64.max) * one, .max, "9223372036854775807"),
        ("8388607Ti", 8_388_607 * (1 << 40) * one, 8_388_607 << 40, "8388607Ti"),
    ]

    static let fractions: [Row] = [
        ("0.5", 500_000_000, 1, "500m"), (".5", 500_000_000, 1, "500m"), ("-.5", -500_000_000, -1, "-500m"),
        ("500m", 500_000_000, 1, "500m"), ("1500m", 1_500_000_000, 2, "1500m"), ("1.5", 1_500_000_000, 2, "1500m"),
        ("-1500m", -1_500_000_000, -2, "-1500m"), ("1000m", one, 1, "1"), ("2000m", 2 * one, 2, "2"),
        ("1m", 1_000_000, 1, "1m"), ("1u", 1000, 1, "1u"), ("1n", 1, 1, "1n"), ("1000n", 1000, 1, "1u"),
        ("100u", 100_000, 1, "100u"), ("0.1", 100_000_000, 1, "100m"), ("0.01", 10_000_000, 1, "10m"),
        ("0.001", 1_000_000, 1, "1m"), ("0.0001", 100_000, 1, "100u"), ("0.000001", 1000, 1, "1u"),
        ("0.000000001", 1, 1, "1n"), ("0.0000000001", 1, 1, "1n"), ("-0.0000000001", -1, -1, "-1n"),
        ("0.00000000000000000000000000000000001", 1, 1, "1n"), ("0.1n", 1, 1, "1n"), ("1.1n", 2, 1, "2n"),
        ("1.0000000001", one + 1, 2, "1000000001n"), ("1.5Ki", 1536 * one, 1536, "1536"),
        ("0.5Ki", 512 * one, 512, "512"), ("0.5Mi", (512 << 10) * one, 512 << 10, "512Ki"),
        ("1.5Gi", (1536 << 20) * one, 1536 << 20, "1536Mi"), ("0.25Gi", (256 << 20) * one, 256 << 20, "256Mi"),
        ("1.001Ki", 1025_024_000_000, 1026, "1026"), ("0.0001Ki", 102_400_000, 1, "102400u"),
        ("1e-3", 1_000_000, 1, "1e-3"), ("1e-9", 1, 1, "1e-9"), ("1e-10", 1, 1, "1e-9"), ("1e-999999", 1, 1, "1e-9"),
        ("1.5e3", 1500 * one, 1500, "1500"), ("15e-1", 1_500_000_000, 2, "1500e-3"),
        ("1.2345k", 1_234_500_000_000, 1235, "1234500m"),
        ("0.5E", 500_000_000_000_000_000 * one, 500_000_000_000_000_000, "500P"),
        ("3.14159", 3_141_590_000, 4, "3141590u"), ("1.1234567891", 1_123_456_790, 2, "1123456790n"),
    ]

    @Test("is read exactly, rounded away from zero and printed as Kubernetes prints it", arguments: whole + fractions)
    func reading(_ row: Row) throws {
        let quantity = try Quantity(row.text)
        #expect(quantity.nanos == row.nanos)
        #expect(quantity.value == row.value)
        #expect(quantity.description == row.canonical)
        #expect(try Quantity(quantity.description).value == quantity.value)
    }

    static let malformed = [
        "", " ", "1 ", " 1", "1 Gi", "a", "Mi", "+", "-", ".", "+.", "-.", "..", "1..5", "1.1.1", "1.1.M", "1+1.0M",
        "--1",
        "+-1", "0x10", "1K", "1KiB", "1kb", "1KB", "1MB", "1Gb", "1g", "1gi", "1GI", "1mi", "1ki", "1i", "1Mii", "1MM",
        "1Mi5", "1Mi ", "1e", "1e+", "1e-", "1Ee3", "1e3.5", "1e3Mi", "1eMi", "0.1am", "aoeu", ".5i", "-3.01i",
        "-3.01e-",
        "1_000", "1,5", "1'000", "½", "１", "٣", "1²", "∞", "NaN", "inf", "null", "1\u{0}", "\u{0}1", "1\n", "1Gi\n",
        "1\u{200B}Gi",
        String(repeating: "1", count: 129), "1" + String(repeating: " ", count: 200),
    ]

    @Test("outside the grammar is refused", arguments: malformed)
    func refusing(_ text: String) {
        #expect(throws: QuantityError.self) { try Quantity(text) }
    }

    static let tooLarge = [
        "9223372036854775808", "-9223372036854775808", "8Ei", "-8Ei", "16Ei", "10E", "9.3E", "1e19", "1e300",
        "1e999999999",
        "1e99999999999999999999999999", "99999999999999999999", "9223372036854775807.1", "9223372036854775807001m",
        "8388608Ti", String(repeating: "9", count: 128), String(repeating: "9", count: 126) + "Ei", "1000000Ei",
        "1000000E",
    ]

    @Test("beyond 64 bits is refused as too large", arguments: tooLarge)
    func overflow(_ text: String) {
        #expect(throws: QuantityError.tooLarge) { try Quantity(text) }
    }

    @Test(
        "with a suffix that is nearly one gets a suggestion",
        arguments: [
            ("1K", "\"Ki\""), ("1g", "use one of"), ("1gi", "\"Gi\""), ("1GiB", "\"Gi\""), ("1GB", "\"Gi\""),
            ("1mb", "\"Mi\""), ("1kib", "\"Ki\""), ("1q", "use one of"),
        ])
    func suggestions(_ text: String, _ hint: String) {
        do throws(QuantityError) {
            _ = try Quantity(text)
            Issue.record("\(text) was read")
        } catch {
            #expect(error.description.contains(hint) || (text == "1K" && error.description.contains("\"k\"")))
        }
    }

    @Test("in thousandths is rounded away from zero")
    func milli() throws {
        #expect(try Quantity("1").milliValue == 1000)
        #expect(try Quantity("1.0001").milliValue == 1001)
        #expect(try Quantity("-1.0001").milliValue == -1001)
        #expect(try Quantity("7Ei").milliValue == nil)
    }

    @Test("is compared by its amount, however it is written")
    func comparison() throws {
        #expect(try Quantity("1Gi") == Quantity("1024Mi"))
        #expect(try Quantity("1000m") == Quantity("1"))
        #expect(try Quantity("1G") < Quantity("1Gi"))
        #expect(try Set([Quantity("1Ki"), Quantity("1024")]).count == 1)
        #expect(Quantity(1 << 30, format: .binary).description == "1Gi")
    }

    @Test("made of every power of two and its neighbours keeps its value")
    func powers() throws {
        for shift in 0..<63 {
            for delta: Int64 in [-1, 0, 1] {
                let value = (Int64(1) << shift) + delta
                #expect(try Quantity(String(value)).value == value)
                #expect(try Quantity(String(-value)).value == -value)
                #expect(try Quantity(Quantity(value, format: .binary).description).value == value)
            }
        }
    }
}
