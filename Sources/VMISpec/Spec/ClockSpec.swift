// SPDX-License-Identifier: Apache-2.0

/// The guest's clock and timers.
public struct ClockSpec: Hashable, Sendable {
    /// Seconds between UTC and the real-time clock, 0 where not given.
    public var utcOffsetSeconds: Int64

    /// The time zone the real-time clock follows, in place of UTC.
    public var timezone: String?

    init() { utcOffsetSeconds = 0 }

    init(_ reader: ObjectReader) {
        utcOffsetSeconds =
            reader.object("utc") { $0.integer("offsetSeconds", in: Int64(Int32.min)...Int64(Int32.max)) ?? 0 } ?? 0
        timezone = reader.string("timezone")
        if reader.has("utc"), timezone != nil {
            reader.report.refuse(reader.path.child("timezone"), "must not be given together with utc; remove one")
        }
        _ = reader.object("timer") { timer in
            Self.timer("hpet", present: false, policies: TickPolicy.hpet, in: timer)
            Self.timer("kvm", present: true, policies: [], in: timer)
            Self.timer("pit", present: true, policies: TickPolicy.pit, in: timer)
            Self.timer("rtc", present: true, policies: TickPolicy.rtc, in: timer)
            Self.timer("hyperv", present: false, policies: [], in: timer)
        }
    }

    /// Ways to catch up with missed ticks, by timer.
    private enum TickPolicy {
        static let hpet = ["delay", "catchup", "merge", "discard"]
        static let pit = ["delay", "catchup", "discard"]
        static let rtc = ["delay", "catchup"]
    }

    /// A timer is accepted as the machine has it; naming one without `present` turns it on.
    private static func timer(_ name: String, present: Bool, policies: [String], in reader: ObjectReader) {
        _ = reader.object(name) { timer in
            let wanted = timer.bool("present") ?? true
            if wanted != present {
                let remedy =
                    present
                    ? "the machine always has this timer; remove the field"
                    : "the machine has no such timer; set present: false or remove the field"
                timer.report.refuse(timer.path, remedy)
            }
            guard !policies.isEmpty else { return }
            if let policy = timer.string("tickPolicy"), !policies.contains(policy) {
                let listed = policies.joined(separator: ", ")
                timer.report.refuse(
                    timer.path.child("tickPolicy"), "\(printable(policy)) is unknown; must be one of: \(listed)")
            }
            if name == "rtc" {
                _ = timer.string("track")
            }
        }
    }
}
