// SPDX-License-Identifier: Apache-2.0

/// A moment of the proleptic Gregorian calendar in UTC, to the second.
struct CalendarTime: Equatable, Sendable {
    var year: Int64
    /// 1 to 12.
    var month: Int64
    /// 1 to 31.
    var day: Int64
    var hour: Int64
    var minute: Int64
    var second: Int64

    init(year: Int64, month: Int64, day: Int64, hour: Int64, minute: Int64, second: Int64) {
        self.year = year
        self.month = month
        self.day = day
        self.hour = hour
        self.minute = minute
        self.second = second
    }

    /// The moment `seconds` after 1970-01-01 00:00:00 (Howard Hinnant's days algorithm: 400 years are 146097 days, and
    /// a year that starts in March has its leap day at the end).
    init(seconds: Int64) {
        let days = CalendarTime.floor(seconds, 86_400)
        let rest = seconds - days * 86_400
        let shifted = days + 719_468
        let era = CalendarTime.floor(shifted, 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let march = (5 * dayOfYear + 2) / 153
        month = march < 10 ? march + 3 : march - 9
        day = dayOfYear - (153 * march + 2) / 5 + 1
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        hour = rest / 3600
        minute = rest / 60 % 60
        second = rest % 60
    }

    /// Seconds since 1970-01-01 00:00:00. A day, hour, minute or second beyond its end counts on into the next.
    var seconds: Int64 {
        let month = min(max(self.month, 1), 12)
        let year = month <= 2 ? self.year - 1 : self.year
        let era = CalendarTime.floor(year, 400)
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return (era * 146_097 + dayOfEra - 719_468) * 86_400 + hour * 3600 + minute * 60 + second
    }

    /// 1 for Sunday to 7 for Saturday, as the MC146818 counts.
    var weekday: Int64 {
        let days = CalendarTime.floor(seconds, 86_400)
        let sunday = (days + 4) % 7
        return (sunday < 0 ? sunday + 7 : sunday) + 1
    }

    private static func floor(_ a: Int64, _ b: Int64) -> Int64 { a >= 0 ? a / b : (a - b + 1) / b }
}
