// SPDX-License-Identifier: Apache-2.0

import Linux

/// A moment as Kubernetes writes it: RFC 3339, UTC, whole seconds (meta/v1 `Time`).
struct Timestamp: Equatable, CustomStringConvertible {
    /// Seconds since 1970-01-01 UTC.
    let seconds: UInt64

    /// This very moment.
    static var now: Timestamp { Timestamp(seconds: Clock.realtime / 1_000_000_000) }

    /// For example "2026-02-28T23:59:59Z".
    var description: String {
        let day = seconds / 86_400
        let time = seconds % 86_400
        let (year, month, dayOfMonth) = Self.date(day)
        return "\(year)-\(Self.two(month))-\(Self.two(dayOfMonth))T"
            + "\(Self.two(time / 3600)):\(Self.two(time / 60 % 60)):\(Self.two(time % 60))Z"
    }

    /// Year, month and day of a day since 1970-01-01: years begin in March, so that the leap day is their last.
    private static func date(_ day: UInt64) -> (UInt64, UInt64, UInt64) {
        let shifted = day + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let month = (5 * dayOfYear + 2) / 153
        let year = era * 400 + yearOfEra + (month < 10 ? 0 : 1)
        return (year, month < 10 ? month + 3 : month - 9, dayOfYear - (153 * month + 2) / 5 + 1)
    }

    private static func two(_ number: UInt64) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
